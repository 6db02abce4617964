"""The agents' pages: server-rendered, with htmx for parts and the event stream for what happens meanwhile.

`places` says which cases a list shows, `showing` turns what was read into what is shown, `desk_pages` and `acting` are
the routes, `signing_in` the door, `navigation` what stands around each page, `wiring` puts the console on the app.
"""
