// Runs in the page beside the npm library ``adaptivecards``: draws cards as Teams does, and asks the library's own schema of 1.5.
const { AdaptiveCard, Action, GlobalRegistry, HostConfig, SerializationContext, Versions } = AdaptiveCards;

// Sections and their columns: a card beside whatever stands there already.
function draw(screens, hostConfig) {
  AdaptiveCard.onProcessMarkdown = (text, result) => {
    const shown = document.createElement("span");
    shown.textContent = text.replaceAll(/\\([!-/:-@[-`{-~])/g, "$1");
    result.outputHtml = shown.innerHTML;
    result.didProcess = true;
  };
  for (const { name, card } of screens) {
    const drawn = new AdaptiveCard();
    drawn.hostConfig = new HostConfig(hostConfig);
    const context = new SerializationContext(Versions.v1_5);
    drawn.parse(card, context);
    const place = document.createElement("div");
    place.className = "teams";
    place.append(drawn.render());
    const section = document.getElementById(name);
    const other = document.createElement("div");
    other.append(...section.childNodes);
    section.append(place, other);
  }
}

// What the library finds wrong in a card of nothing but 1.5: its own events, and properties it does not know.
function faults(card) {
  const found = [];
  const context = new SerializationContext(Versions.v1_5);
  const read = new AdaptiveCard();
  read.parse(card, context);
  for (let at = 0; at < context.eventCount; at++) found.push(context.getEventAt(at).message);
  read.validateProperties().validationEvents.forEach((one) => found.push(one.message));
  // What holds other parts is read by the library's own code, and is in none of its tables.
  const parts = {
    AdaptiveCard: ["body"], ActionSet: ["actions"], Container: ["items"], ColumnSet: ["columns"], RichTextBlock: ["inlines"], Table: ["rows"],
  };
  const known = (made, at) => {
    const type = made.getSchema();
    const names = new Set(["type", "$schema", "fallback", ...(parts[at.type] || [])]);
    for (let i = 0; i < type.getCount(); i++) {
      const property = type.getItemAt(i);
      if (property.targetVersion.compareTo(Versions.v1_5) <= 0) names.add(property.name);
    }
    for (const key of Object.keys(at)) if (!names.has(key)) found.push(`${at.type || "part"}: no property ${key}`);
  };
  const walk = (at) => {
    if (Array.isArray(at)) return at.forEach(walk);
    if (at === null || typeof at !== "object") return;
    const type = at.type;
    const made = type === "AdaptiveCard" ? read
      : type && (GlobalRegistry.elements.createInstance(type, Versions.v1_5) || GlobalRegistry.actions.createInstance(type, Versions.v1_5));
    if (made) known(made, at);
    else if (type && !["TextRun", "Column", "TableRow", "TableCell", "Data.Query"].includes(type)) found.push(`no type ${type}`);
    for (const [key, value] of Object.entries(at)) if (!["data", "msteams"].includes(key)) walk(value);
  };
  walk(card);
  return found;
}
