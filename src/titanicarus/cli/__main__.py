"""`python -m titanicarus.cli`."""

from titanicarus.cli.app import main

if __name__ == "__main__":
    main()
