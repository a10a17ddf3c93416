"""From what was heard to what was meant: settings, project names, terms, requests, answers."""
