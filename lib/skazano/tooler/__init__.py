"""tooler: runs the tools of this box's projects for another box, over HTTP.

`wire` is what both sides say to each other. On the box that works: `store` has the runs on disk, `crew` lets
them take their turns, `carry` takes one to its end, `app` is the HTTP side with its document in `openapi`,
`callback` tells who asked that a run is over. On the box that asks: `elsewhere` is what `execute` uses,
`client` has a run carried out, `talk` is HTTP to one box, `remote` what is kept of it, `receiver` takes
callbacks in. `answers` and `serve` make servers of `app` and `receiver`.
"""
