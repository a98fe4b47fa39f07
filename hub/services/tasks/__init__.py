"""The life of a task: launched, admitted, claimed, run, finished. Each step is a file; `moves` alone writes statuses."""
