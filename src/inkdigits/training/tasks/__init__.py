"""What a recipe learns from: the data, the network, the loss, and what it is judged by."""
