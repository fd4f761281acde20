// A classic script in the head, so that the first paint already has the chosen theme.
(() => {
  const KEY = "tinynas.theme";
  const THEMES = ["system", "light", "dark"];
  const root = document.documentElement;
  const read = () => {
    try {
      const saved = localStorage.getItem(KEY);
      return THEMES.includes(saved) ? saved : "system";
    } catch {
      return "system"; // storage is switched off
    }
  };
  const apply = (theme) => {
    root.dataset.theme = theme;
    const button = document.getElementById("theme");
    if (!button) return;
    button.hidden = false;
    button.textContent = theme === "system" ? "Theme: auto" : `Theme: ${theme}`;
  };
  apply(read());
  document.addEventListener("DOMContentLoaded", () => {
    apply(read());
    document.getElementById("theme").addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // The choice then lasts until the page is left.
      }
      apply(next);
    });
  });
})();
