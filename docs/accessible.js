// What the theme leaves out: a name for its dialogs, and the keyboard for what scrolls sideways.
const mend = () => {
  for (const dialog of document.querySelectorAll('[role="dialog"]:not([aria-label])'))
    dialog.setAttribute("aria-label", "Search")
  for (const wide of document.querySelectorAll("pre > code, .md-typeset__scrollwrap"))
    if (wide.scrollWidth > wide.clientWidth) {
      wide.setAttribute("tabindex", "0")
      if (!wide.matches("code")) {
        wide.setAttribute("role", "region")
        wide.setAttribute("aria-label", "Table, wider than the page")
      }
    }
}
addEventListener("load", () => { mend(); setTimeout(mend, 500) })
addEventListener("resize", mend)
