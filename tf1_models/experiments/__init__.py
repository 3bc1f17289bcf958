"""WHERE ARE THE HYPER-PARAMETERS? One module per report, same stems as `graphs/`; rows in the order of the report."""
