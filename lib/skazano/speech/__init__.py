"""Speech in and speech out."""

import os

# onnxruntime writes an id of the machine into the home and reports its use, unless it is told not to before
# it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
