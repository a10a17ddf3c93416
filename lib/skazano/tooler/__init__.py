"""tooler: runs the tools of this box's projects for another box, over HTTP.

`wire` is what both sides say to each other; `store` the runs on disk; `crew` carries them out; `app` is the
HTTP side with its document in `openapi`; `callback` tells the other box that a run has ended, and takes such
news in; `client` is what `execute` uses to have a run carried out elsewhere.
"""
