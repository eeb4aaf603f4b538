"""What ours is measured beside, each as bare as its makers show it."""
