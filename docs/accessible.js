// What the theme leaves out: names that differ, and the keyboard for what scrolls sideways.
const mend = () => {
  for (const dialog of document.querySelectorAll('[role="dialog"]:not([aria-label])'))
    dialog.setAttribute("aria-label", "Search")
  const scrolled = document.querySelectorAll("pre > code, .md-typeset__scrollwrap")
  for (const [n, wide] of scrolled.entries())
    if (wide.scrollWidth > wide.clientWidth) {
      wide.setAttribute("tabindex", "0")
      if (!wide.matches("code")) {
        wide.setAttribute("role", "region")
        wide.setAttribute("aria-label", `Table ${n}, wider than the page`)
      }
    }
  for (const [n, bar] of document.querySelectorAll(".md-code__nav").entries())
    bar.setAttribute("aria-label", `Code block ${n + 1}`)
  for (const head of document.querySelectorAll("th:empty"))
    head.replaceWith(document.createElement("td"))
}
addEventListener("load", () => { mend(); setTimeout(mend, 500) })
addEventListener("resize", mend)
