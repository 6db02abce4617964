"""The pages: a list of mails, and one mail. Everything in a mail is somebody else's text."""

from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from kawal_local.mail.mailbox import Mail, MailFolder

HERE = Path(__file__).parent
# The page itself may run nothing. A mail's HTML part is shown in a frame that is sandboxed twice: by the frame, and
# by its own policy, so that opening the frame's address by itself is as harmless.
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
PART_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def create_app(folder: MailFolder) -> FastAPI:
    """The pages over `folder`."""
    app = FastAPI(title="Kawal local mail", docs_url=None, redoc_url=None, openapi_url=None)
    templates = Jinja2Templates(directory=HERE / "templates")
    app.mount("/assets", StaticFiles(directory=HERE / "assets"))

    @app.get("/", response_class=HTMLResponse)
    def mails(request: Request) -> Response:
        found = folder.newest_first()
        return _page(templates.TemplateResponse(request, "mails.html", {"mails": found}))

    @app.get("/mails/{key}", response_class=HTMLResponse)
    def mail(request: Request, key: str) -> Response:
        return _page(templates.TemplateResponse(request, "mail.html", {"mail": _found(folder, key)}))

    @app.get("/mails/{key}/html", response_class=HTMLResponse)
    def html_part(key: str) -> Response:
        headers = {"Content-Security-Policy": PART_POLICY, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(_found(folder, key).html or "", headers=headers)

    @app.get("/mails/{key}/raw")
    def raw(key: str) -> Response:
        return PlainTextResponse(_found(folder, key).raw, headers={"X-Content-Type-Options": "nosniff"})

    return app


def _found(folder: MailFolder, key: str) -> Mail:
    mail = folder.get(key)
    if mail is None:
        raise HTTPException(404, "This mail is not there (any more).")
    return mail


def _page(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
