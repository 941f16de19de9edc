"""What TensorBoard reads of a run."""

from pathlib import Path

from tensorboardX.proto.event_pb2 import Event


def told(folder: Path) -> dict[tuple[str, int], float]:
    """The numbers by tag and epoch, of the one file of events in the folder."""
    [file] = folder.iterdir()
    content, numbers = file.read_bytes(), {}
    while content:  # length, its checksum, event, its checksum
        length = int.from_bytes(content[:8], "little")
        event = Event.FromString(content[12 : 12 + length])
        numbers |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
        content = content[16 + length :]
    return numbers
