// The part of Plotly that the pages draw with: scatter (always there), bars and heatmaps.
const Plotly = require("plotly.js/lib/core");
Plotly.register([require("plotly.js/lib/bar"), require("plotly.js/lib/heatmap")]);
module.exports = Plotly;
