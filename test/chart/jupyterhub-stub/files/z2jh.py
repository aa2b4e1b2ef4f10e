"""What z2jh's module of this name gives to hub configurations: values and secrets of the release."""

import os

import yaml

SECRET = os.environ.get("Z2JH_SECRET_FOLDER", "/usr/local/etc/jupyterhub/secret")


def get_config(key, default=None):
    with open(os.path.join(SECRET, "values.yaml"), encoding="utf-8") as file:
        value = yaml.safe_load(file)
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return default
        value = value[part]
    return value


def get_secret_value(key, default=None):
    path = os.path.join(SECRET, key)
    if not os.path.exists(path):
        return default
    with open(path, encoding="utf-8") as file:
        return file.read()
