"""The Salt control plane: birth secrets, the first files of a host, how a tree gets to masters and hosts."""
