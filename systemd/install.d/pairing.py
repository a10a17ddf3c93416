"""Reads Telegram's answer to getUpdates; prints the next offset, and the id of who sent the code, if any.

python3 -I pairing.py CODE OFFSET <answer
"""

import json
import sys


def main(code: str, offset: int) -> None:
    try:
        updates = json.load(sys.stdin)["result"]
    except (ValueError, KeyError, TypeError):
        updates = []
    sender = ""
    for update in updates:
        offset = max(offset, update["update_id"] + 1)
        message = update.get("message") or {}
        private = message.get("chat", {}).get("type") == "private"
        if private and message.get("text", "").split()[-1:] == [code]:
            sender = message["from"]["id"]
            break
    print(offset or "", sender)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
