"""The autograder bundle: what is copied into it, and the program that runs there."""
