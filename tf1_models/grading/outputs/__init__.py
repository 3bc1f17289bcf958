"""What a grading writes: tables, sheets, leaderboard, Gradescope, the difference of two records."""
