"""The browser itself: it runs scripts and keeps to this machine."""


def test_the_browser_runs_scripts(page):
    page.set_content("<button onclick=\"this.textContent = 'pressed'\">press</button>")
    page.get_by_role("button").click()
    assert page.get_by_role("button").inner_text() == "pressed"
