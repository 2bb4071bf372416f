"""One offline HTML page that a sceptical reader can check: from the tables of a results folder, nothing else."""
