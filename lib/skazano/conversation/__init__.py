"""The talk with a person on Telegram: what comes in, what goes out, buttons, reactions."""
