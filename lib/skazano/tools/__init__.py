"""The kinds of tools. Each is a module with `plan(job) -> Plan`, what to start and how, and
`outcome(run, exit, lang) -> Outcome`, what came of it. `readable` shows their events as text."""
