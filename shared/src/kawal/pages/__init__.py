"""Server-rendered pages: one style sheet, one layout, texts in each language.

    pages = Pages(Path(__file__).parent / "pages", assets=mount_assets(app))
    ...
    return pages.response("status.html", locale=Locale.INDONESIAN, case=case)

A service's folder holds `*.html` (or `templates/*.html`) and `texts/{id,en}.yaml`, with folders of more texts beside
them where there are many; templates begin with `{% extends "layout.html" %}`.
"""

from kawal.pages.assets import Assets, mount_assets
from kawal.pages.rendering import Pages
from kawal.pages.texts import Texts

__all__ = ["Assets", "Pages", "Texts", "mount_assets"]
