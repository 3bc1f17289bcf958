"""`grade`, without TensorFlow.

F1 of prediction files: NumPy and the standard library only. An HTML page alone takes more (outputs/leaderboard); the
autograder bundle has none.

The map, in the order in which a submission travels:

    limits, findings          the caps; one file's problems and notes
    opening, names, archives, zip_walk, sources
                              files, folders, zips and stdin -> named byte strings, none of them trusted
    npy, array_labels, text, text_fast, text_strict, json_rows, class_labels, rows
                              bytes -> rows of class ids (and image ids)
    alignment, reading, truth rows -> one class id per image of the key, or every reason why not
    students, roster, repeats who handed it in, who did not, and which of several counts
    bootstrap, paired, ranking, rubric, reference, duplicates, likeness
                              what a class needs beyond a score
    options, policy, entry, engine, record, diff
                              one grading: its choices, its record for the audit, and two records side by side
    table, sheets, markdown, leaderboard, anonymous, gradescope, check
                              the ways out
    bundle, autograder        the zip for the platform, and what runs there

Why no child process: no submission is ever executed, unpickled, imported or extracted. A submission is a byte string
(64 MB at most) that pure Python and NumPy parsers read as data; there is no code of its own that could open the key,
and no C++ library that it could bring down. Any exception of a parser, MemoryError and RecursionError too, makes that
one submission `invalid` with a reason (`reading.read_predictions`).
"""
