import requests

BASE_URL = "https://api.lever.co/v1"


def call(path):
    return requests.get(BASE_URL + path)
