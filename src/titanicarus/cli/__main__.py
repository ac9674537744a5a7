"""`python -m titanicarus.cli`."""

import gc

if __name__ == "__main__":
    # What is imported stays: looking for garbage in it is a seventh of what an import takes.
    gc.disable()
    from titanicarus.cli.app import main

    gc.freeze()
    gc.enable()
    main()
