"""The life of a task: launched, admitted, claimed, run, finished; `moves` alone writes statuses."""
