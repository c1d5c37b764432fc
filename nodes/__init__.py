"""The four steps of the graph, one file and one function each."""
