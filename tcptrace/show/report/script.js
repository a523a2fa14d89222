"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 200;
  const body = document.querySelector("#table tbody");
  const heads = [...document.querySelectorAll("#table th")];
  const control = (id) => document.getElementById(id);
  const withPictures = new Set(data.details);
  const byStream = new Map(data.rows.map((row) => [row[0], row]));
  let order = { column: -1, down: false };
  let found = data.rows;
  let limit = PAGE;

  const time = (us) => us < 1e3 ? `${us} µs` : us < 1e6 ? `${(us / 1e3).toFixed(3)} ms` : us < 6e7 ? `${(us / 1e6).toFixed(3)} s`
    : us < 3.6e9 ? `${Math.floor(us / 6e7)} min ${Math.floor(us / 1e6) % 60} s` : us < 8.64e10 ? `${Math.floor(us / 3.6e9)} h ${Math.floor(us / 6e7) % 60} min`
    : `${Math.floor(us / 8.64e10)} d ${Math.floor(us / 3.6e9) % 24} h`;
  const size = (n) => `${n.toLocaleString("en")} B`;
  const cells = (row) => [row[0], data.hosts[row[1]], data.hosts[row[2]], row[3], row[4], row[5], row[6],
    data.outcomes[row[7]], data.states[row[8]], data.states[row[9]], row[10].length];
  const said = (row) => [row[0], data.hosts[row[1]], data.hosts[row[2]], data.outcomes[row[7]], data.states[row[8]],
    data.states[row[9]], row[12] || "", ...row[10].map((code) => data.codes[code])].join(" ").toLowerCase();

  const chip = (name) => {
    const made = document.createElement("span");
    made.className = `chip s-${name.toLowerCase()}`;
    made.textContent = name;
    return made;
  };

  const line = (row) => {
    const made = document.createElement("tr");
    const value = cells(row);
    const link = document.createElement("a");
    link.href = `${location.pathname}${location.search}#stream=${row[0]}`;
    link.textContent = `${row[0]}${withPictures.has(row[0]) ? " ◆" : ""}`;
    link.setAttribute("aria-label", `stream ${row[0]}${withPictures.has(row[0]) ? ", with pictures" : ""}`);
    const shown = [link, value[1], value[2], time(value[3]), time(value[4]), size(value[5]), size(value[6]), value[7],
      chip(value[8]), chip(value[9]), row[10].map((code) => data.codes[code]).join(", ")];
    for (const part of shown) {
      const cell = document.createElement("td");
      cell.append(part);
      made.append(cell);
    }
    made.dataset.stream = row[0];
    return made;
  };

  const draw = () => {
    body.replaceChildren(...found.slice(0, limit).map(line));
    control("more").hidden = found.length <= limit;
    const few = found.length > limit ? `, the first ${limit.toLocaleString("en")} shown` : "";
    control("shown").textContent = `${found.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")} connections${few}`;
    mark();
  };

  const choose = () => {
    const words = control("words").value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = data.outcomes.indexOf(control("outcome").value);
    const state = data.states.indexOf(control("state").value);
    const finding = data.codes.indexOf(control("finding").value);
    found = data.rows.filter((row) => {
      if (outcome >= 0 && row[7] !== outcome) return false;
      if (state >= 0 && !(row[11] >> state & 1)) return false;
      if (finding >= 0 && !row[10].includes(finding)) return false;
      if (!words.length) return true;
      const text = said(row);
      return words.every((word) => text.includes(word));
    });
    if (order.column >= 0) {
      const key = new Map(found.map((row) => [row, cells(row)[order.column]]));
      found.sort((one, other) => {
        const a = key.get(one), b = key.get(other);
        const less = typeof a === "number" ? a - b : a < b ? -1 : a > b ? 1 : 0;
        return (order.down ? -less : less) || one[0] - other[0];
      });
    }
    limit = PAGE;
    draw();
  };

  const current = () => {
    const match = /^#stream=(\d+)$/.exec(location.hash);
    return match ? Number(match[1]) : -1;
  };

  const mark = () => {
    const stream = String(current());
    for (const row of body.children) row.classList.toggle("on", row.dataset.stream === stream);
  };

  const open = () => {
    const stream = current();
    for (const part of document.querySelectorAll(".detail")) part.hidden = true;
    mark();
    if (!byStream.has(stream)) return;
    const detail = control(`stream-${stream}`) || control("no-details");
    if (detail.id === "no-details") {
      const row = byStream.get(stream);
      control("no-details-title").textContent = `Stream ${stream}: ${data.hosts[row[1]]} → ${data.hosts[row[2]]}`;
    }
    detail.hidden = false;
    detail.focus({ preventScroll: true });
    detail.scrollIntoView();
  };

  for (const head of heads) {
    head.querySelector("button").addEventListener("click", (event) => {
      const column = Number(event.currentTarget.dataset.column);
      order = { column, down: order.column === column && !order.down };
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      choose();
    });
  }
  control("words").addEventListener("input", choose);
  for (const id of ["outcome", "state", "finding"]) control(id).addEventListener("change", choose);
  document.querySelector(".filter").addEventListener("submit", (event) => event.preventDefault());
  control("more").addEventListener("click", () => {
    limit += PAGE;
    draw();
  });
  addEventListener("hashchange", open);

  body.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = event.target.closest("tr");
    const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    if (next) next.querySelector("a").focus();
    event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing) {
      event.preventDefault();
      control("words").focus();
    } else if (event.key === "Escape" && current() >= 0) {
      const stream = String(current());
      history.pushState(null, "", location.pathname + location.search);
      open();
      const row = [...body.children].find((part) => part.dataset.stream === stream);
      (row ? row.querySelector("a") : control("words")).focus();
    }
  });

  const light = (element) => {
    for (const other of document.querySelectorAll(".detail .on")) other.classList.remove("on");
    element.classList.add("on");
    element.scrollIntoView({ block: "center" });
    element.focus({ preventScroll: true });
  };

  for (const frame of document.querySelectorAll('svg [id*="l-frame-"]')) {
    const [, prefix, number] = /^(s\d+-)l-frame-(\d+)$/.exec(frame.id);
    const row = control(`${prefix}row-${number}`);
    if (!row) continue;
    frame.classList.add("frame");
    frame.setAttribute("tabindex", "0");
    frame.setAttribute("role", "link");
    frame.setAttribute("aria-label", `frame ${number}: ${[...row.cells].slice(1).map((cell) => cell.textContent).filter(Boolean).join(", ")}`);
    frame.addEventListener("click", () => light(row));
    frame.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        light(row);
      }
    });
  }
  for (const button of document.querySelectorAll("button.frame")) {
    const frame = control(button.dataset.frame);
    if (frame) button.addEventListener("click", () => light(frame));
  }

  choose();
  open();
})();
