// A verdict is told by its shape as well as by its colour.
const SHAPES = {
  full(context, x, y, size) {
    context.fillRect(x + 1, y + 1, size - 1, size - 1);
  },
  small(context, x, y, size) {
    const inset = Math.round(size * 0.24) + 0.5;
    context.fillRect(x + inset, y + inset, size + 1 - 2 * inset, size + 1 - 2 * inset);
  },
  half(context, x, y, size) {
    context.beginPath();
    context.moveTo(x + 1.5, y + size - 0.5);
    context.lineTo(x + size - 0.5, y + size - 0.5);
    context.lineTo(x + size - 0.5, y + 1.5);
    context.fill();
    context.lineWidth = 1;
    context.strokeRect(x + 2, y + 2, size - 3, size - 3);
  },
  ring(context, x, y, size) {
    context.lineWidth = Math.max(1.5, size / 8);
    context.beginPath();
    context.arc(x + size / 2 + 0.5, y + size / 2 + 0.5, size * 0.3, 0, 2 * Math.PI);
    context.stroke();
    context.lineWidth = 1;
  },
  tiny(context, x, y, size) {
    const side = Math.max(3, size * 0.28);
    context.fillRect(x + (size - side) / 2 + 0.5, y + (size - side) / 2 + 0.5, side, side);
  },
  dot(context, x, y, size) {
    const side = size >= 18 ? 3 : 2;
    context.fillRect(x + (size - side) / 2 + 0.5, y + (size - side) / 2 + 0.5, side, side);
  },
  none(context, x, y, size) {
    context.fillRect(x + 1, y + 1, size - 1, size - 1);
  },
  // A padlock, closed or open.
  lock(context, x, y, size) {
    padlock(context, x, y, size, true);
  },
  seal(context, x, y, size) {
    padlock(context, x, y, size, true, true);
  },
  unlocked(context, x, y, size) {
    padlock(context, x, y, size, false);
  },
};

function padlock(context, x, y, size, closed, hollow) {
  const width = size * 0.62;
  const height = size * 0.42;
  const left = x + (size - width) / 2 + 0.5;
  const top = y + size * 0.46;
  const radius = width * 0.3;
  const middle = left + width / 2 + (closed ? 0 : radius * 0.9);
  context.lineWidth = Math.max(1, size / 9);
  context.beginPath();
  context.moveTo(middle - radius, closed ? top : top - size * 0.04);
  context.lineTo(middle - radius, top - size * 0.1);
  context.arc(middle, top - size * 0.1, radius, Math.PI, 2 * Math.PI);
  if (closed) context.lineTo(middle + radius, top);
  context.stroke();
  if (hollow) context.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  else context.fillRect(left, top, width, height);
  context.lineWidth = 1;
}
