// How a moving map looks: the same tokens as the pages, in both schemes; river blue belongs to water alone.

const TOKENS = [
  "paper", "surface", "line", "ink", "muted", "green", "green-soft", "river", "river-soft",
  "stage-1", "stage-2", "stage-3",
];
/** Shape and token of each state; the shapes are those of the legend. */
const SIGNS = {
  normal: ["dot", "green"], "stage-1": ["triangle", "stage-1"], "stage-2": ["triangle", "stage-2"],
  "stage-3": ["square", "stage-3"], unstaged: ["open", "ink"], silent: ["ring", "muted"],
  empty: ["ring", "muted"], failed: ["cross", "muted"], thing: ["small", "ink"],
};
const ON_TOP = ["thing", "empty", "silent", "failed", "unstaged", "normal", "stage-1", "stage-2", "stage-3"];
const SIDE = 30; // of a sign, in pixels of the page
const FONT = ["Fira Sans"];
const EMPTY = { type: "FeatureCollection", features: [] };

/** The tokens as the page has them now, also where somebody's own colours are forced. */
export function tokens() {
  const probe = document.body.appendChild(document.createElement("i"));
  const found = {};
  for (const name of TOKENS) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

/** Draw the sign of each state and hand it to the map. */
export function drawSigns(map, t) {
  const ratio = 2;
  for (const [state, [shape, token]] of Object.entries(SIGNS)) {
    const canvas = new OffscreenCanvas(SIDE * ratio, SIDE * ratio);
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.scale(ratio, ratio);
    sign(pen, shape, t[token], t.surface);
    const image = pen.getImageData(0, 0, canvas.width, canvas.height);
    if (map.hasImage(state)) map.updateImage(state, image);
    else map.addImage(state, image, { pixelRatio: ratio });
  }
}

function sign(pen, shape, colour, ground) {
  const middle = SIDE / 2;
  const circle = (radius) => { pen.beginPath(); pen.arc(middle, middle, radius, 0, 2 * Math.PI); };
  pen.fillStyle = colour;
  pen.strokeStyle = ground;
  pen.lineWidth = 2;
  if (shape === "dot") { circle(8); pen.fill(); pen.stroke(); }
  else if (shape === "small") { circle(5.5); pen.fill(); pen.stroke(); }
  else if (shape === "square") { pen.beginPath(); pen.rect(7, 7, 16, 16); pen.fill(); pen.stroke(); }
  else if (shape === "triangle") { pen.beginPath(); pen.moveTo(15, 4.5); pen.lineTo(25, 23); pen.lineTo(5, 23); pen.closePath(); pen.fill(); pen.stroke(); }
  else {
    pen.fillStyle = ground;
    pen.strokeStyle = colour;
    pen.lineWidth = 3;
    circle(7.5);
    pen.fill();
    if (shape === "cross") {
      pen.beginPath(); pen.moveTo(9.5, 9.5); pen.lineTo(20.5, 20.5); pen.moveTo(20.5, 9.5); pen.lineTo(9.5, 20.5);
    } else if (shape === "ring") pen.setLineDash([3.2, 2.7]);
    pen.stroke();
  }
}

/** The whole style; `told` says where ground, points and tiles are, and whether boundaries are official. */
export function style(t, told) {
  const sources = {
    ground: { type: "geojson", data: told.ground },
    points: { type: "geojson", data: told.points },
    chosen: { type: "geojson", data: EMPTY },
  };
  if (told.tiles) {
    sources.tiles = told.raster
      ? { type: "raster", url: told.tiles, tileSize: 256 }
      : { type: "vector", url: told.tiles };
  }
  const aside = { "text-variable-anchor": ["center", "top", "bottom", "left", "right"], "text-radial-offset": 0.8 };
  const kind = (name) => ["==", ["get", "kind"], name];
  const line = (id, source, filter, paint, more = {}) => ({
    id, source, type: "line", filter, paint, layout: { "line-join": "round", "line-cap": "round" }, ...more,
  });
  return {
    version: 8,
    sources,
    layers: [
      { id: "back", type: "background", paint: { "background-color": t.surface } },
      ...(told.tiles ? [] : [{ id: "boroughs", source: "ground", type: "fill", filter: kind("borough"), paint: { "fill-color": t.paper } }]),
      ...(told.tiles ? background(t, told) : []),
      line("quarter-lines", "ground", kind("quarter"), { "line-color": t.line, "line-width": 1, "line-dasharray": told.official ? [1] : [4, 3] }, { minzoom: 12 }),
      line("borough-lines", "ground", kind("borough"), { "line-color": t.line, "line-width": 2, ...(told.official ? {} : { "line-dasharray": [3, 2] }) }),
      { id: "areas", source: "points", type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": t["green-soft"], "fill-opacity": ["match", ["get", "state"], "part", 0.3, 0.7] } },
      line("area-lines", "points", ["==", ["geometry-type"], "Polygon"], { "line-color": ["match", ["get", "state"], "part", t.muted, t.green], "line-width": 1.25 }),
      ...(told.raster ? [] : [
        line("bank", "ground", kind("water"), { "line-color": t["river-soft"], "line-width": ["interpolate", ["linear"], ["zoom"], 9, 6, 14, 22] }),
        line("stream", "ground", kind("water"), { "line-color": t.river, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 2, 14, 5] }),
      ]),
      line("axis", "ground", kind("axis"), { "line-color": t.muted, "line-width": 4 }),
      {
        id: "point-names", source: "points", type: "symbol", minzoom: 13.5, filter: ["==", ["geometry-type"], "Point"], paint: words(t.ink, t.surface),
        layout: {
          "text-field": ["get", "name"], "text-font": FONT, "text-size": 13, "text-max-width": 9, "text-justify": "auto",
          "text-variable-anchor": ["left", "right", "top", "bottom"], "text-radial-offset": 1.1,
        },
      },
      name("water-name", t.river, t.paper, { filter: kind("water"), minzoom: 10.5, layout: { "symbol-placement": "line", "text-size": 13, "text-letter-spacing": 0.08, "symbol-spacing": 400 } }),
      name("quarter-names", t.muted, t.paper, { filter: kind("quarter-name"), minzoom: 12.6, layout: { "text-size": 13, ...aside } }),
      name("borough-names", t.muted, t.paper, { filter: kind("borough-name"), maxzoom: 12.6, layout: { "text-size": 14, ...aside } }),
      { id: "halo", source: "chosen", type: "circle", paint: { "circle-radius": 17, "circle-color": t.surface, "circle-opacity": 0.6, "circle-stroke-color": t.ink, "circle-stroke-width": 2.5 } },
      {
        id: "points", source: "points", type: "symbol", filter: ["==", ["geometry-type"], "Point"],
        layout: {
          "icon-image": ["get", "state"], "icon-allow-overlap": true,
          // Names make way for signs, where those leave any: thousands of signs would only cost time.
          "icon-ignore-placement": told.many,
          "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.5, 12, 0.75, 14, 1],
          "symbol-sort-key": ["index-of", ["get", "state"], ["literal", ON_TOP]],
        },
      },
    ],
  };
}

function words(colour, ground) {
  return { "text-color": colour, "text-halo-color": ground, "text-halo-width": 1.6 };
}

function name(id, colour, ground, { layout, ...rest }) {
  return {
    id, source: "ground", type: "symbol", paint: words(colour, ground), ...rest,
    layout: { "text-field": ["get", "name"], "text-font": FONT, "text-max-width": 8, "text-padding": 4, ...layout },
  };
}

/** The operator's tiles in our own colours, whichever of the two usual schemes they follow. */
function background(t, told) {
  if (told.raster) return [{ id: "tiles", source: "tiles", type: "raster", paint: { "raster-saturation": -0.7, "raster-opacity": 0.7 } }];
  const from = (names) => told.layers.filter((one) => names.includes(one));
  const fill = (layer, colour, more = {}) => ({ id: `tiles-${layer}`, source: "tiles", "source-layer": layer, type: "fill", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, ...more } });
  const stroke = (layer, colour, width, more = {}) => ({ id: `tiles-${layer}-lines`, source: "tiles", "source-layer": layer, type: "line", filter: ["==", ["geometry-type"], "LineString"], paint: { "line-color": colour, "line-width": width }, ...more });
  const wide = ["interpolate", ["exponential", 1.6], ["zoom"], 9, 0.5, 14, 2, 18, 10];
  return [
    ...from(["earth", "land"]).map((one) => fill(one, t.paper)),
    ...from(["landuse", "landcover", "natural", "park"]).map((one) => fill(one, t["green-soft"], { "fill-opacity": 0.35 })),
    ...from(["water"]).flatMap((one) => [fill(one, t["river-soft"]), stroke(one, t["river-soft"], 2)]),
    ...from(["waterway"]).map((one) => stroke(one, t["river-soft"], 2)),
    ...from(["buildings", "building"]).map((one) => ({ ...fill(one, t.line, { "fill-opacity": 0.5 }), minzoom: 14 })),
    ...from(["roads", "transportation", "transit"]).map((one) => stroke(one, t.line, wide)),
  ];
}
