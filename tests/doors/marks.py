"""Personal data that is unmistakable in a log."""

NAME = "Zulkarnaen Penanda"
PHONE = "+6289900112233"
EMAIL = "penanda.zulkarnaen@rahasia.example"
NIK = "3174055501017742"
STORY = "Rahasia-penanda: uang saya diambil"

MARKS = ("Zulkarnaen", "89900112233", "9001 1223", "rahasia.example", NIK, "Rahasia-penanda")
