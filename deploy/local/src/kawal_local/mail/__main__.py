"""`python -m kawal_local.mail`."""

from kawal_local.layout import MAIL_PAGES_PORT, SMTP_PORT, Layout
from kawal_local.mail.server import serve

if __name__ == "__main__":
    layout = Layout.from_environment()
    serve(maildir=layout.maildir, smtp_port=layout.port(SMTP_PORT), pages_port=layout.port(MAIL_PAGES_PORT))
