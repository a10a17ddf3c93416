"""Running a tool for a task: the job, its isolation, its order, its limits, its commit."""
