/* Depthwise convolution with multiplier 1, any kernel, stride and padding.
 *
 * constants  for every four channels, as words: bias [4]; weights, a word a tap; multipliers [4];
 *            rights, a byte a channel.  For each channel that is left: bias, multiplier, right,
 *            weights, a byte a tap.
 * scratch    none
 * order      element
 *
 * Four channels at a time, so that one load brings four inputs and one their weights.  Whole
 * 3 x 3 windows have a way of their own.
 */
#include "tinynas_kernels.h"

/* One output pixel: the taps that lie inside the input, and all that does not depend on channels. */
typedef struct {
    const tinynas_conv_op *op;
    const int8_t *data;   /* input row at slot 0, at the column of the first tap */
    int32_t first_row;    /* bytes from slot 0 to the row of the first tap */
    int32_t row_bytes;
    int32_t ring_bytes;
    int32_t rows;
    int32_t columns;
    int32_t channels;
    int32_t first;        /* number of the first tap in the kernel */
    int32_t kernel_taps;
    uint32_t offset;      /* what is added to a pair of inputs */
    int8_t *output;
} pixel;

TINYNAS_INLINE int32_t next_row(int32_t row, int32_t row_bytes, int32_t ring_bytes)
{
    row += row_bytes;
    return row >= ring_bytes ? row - ring_bytes : row;
}

TINYNAS_INLINE int8_t scaled(int32_t acc, uint32_t multiplier, uint32_t right, int32_t zero_point)
{
    const int32_t offset = tinynas_scale_offset(zero_point, (int32_t)right);
    return (int8_t)tinynas_scale(acc, (int32_t)multiplier, (int32_t)right, offset);
}

/* `constants` are multipliers and rights. */
TINYNAS_NOINLINE void rescale_four(const tinynas_conv_op *op, tinynas_four acc,
                                   const uint32_t *constants, int8_t *output)
{
    const int32_t accs[4] = {acc.a, acc.b, acc.c, acc.d};
    for (uint32_t i = 0; i < 4; ++i) {
        output[i] = (int8_t)tinynas_rescale(op, accs[i], (int32_t)constants[i],
                                            tinynas_byte(constants[4], i));
    }
}

TINYNAS_INLINE void write_four(const tinynas_conv_op *op, tinynas_four acc,
                               const uint32_t *constants, int8_t *output)
{
    const int32_t zero_point = op->output.zero_point;
    const uint32_t rights = constants[4];
    if ((rights & 0x80808080u) != 0) {
        rescale_four(op, acc, constants, output);
        return;
    }
    output[0] = scaled(acc.a, constants[0], rights & 0xffu, zero_point);
    output[1] = scaled(acc.b, constants[1], (rights >> 8) & 0xffu, zero_point);
    output[2] = scaled(acc.c, constants[2], (rights >> 16) & 0xffu, zero_point);
    output[3] = scaled(acc.d, constants[3], rights >> 24, zero_point);
}

/* Up to `columns` neighbouring taps of a row, one after the other. */
TINYNAS_INLINE void add_row(tinynas_four *acc, const int8_t *x, int32_t channels,
                           const uint32_t *weights, int32_t columns, uint32_t offset)
{
    for (; columns > 7; --columns) {
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
    }
    switch (columns) {
    case 7:
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
        /* fall through */
    case 6:
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
        /* fall through */
    case 5:
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
        /* fall through */
    case 4:
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
        /* fall through */
    case 3:
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
        /* fall through */
    case 2:
        tinynas_add_tap(acc, x, &weights, offset);
        x += channels;
        /* fall through */
    default:
        tinynas_add_tap(acc, x, &weights, offset);
    }
}

/* Channels in fours.  Returns the constants of the channels that are left. */
TINYNAS_NOINLINE const uint32_t *fours(const pixel *p)
{
    const tinynas_conv_op *const op = p->op;
    const int32_t first = 4 + p->first;
    const int32_t rows = p->rows;
    const int32_t columns = p->columns;
    const int32_t kernel_columns = op->kernel_columns;
    const int32_t first_row = p->first_row;
    const int32_t row_bytes = p->row_bytes;
    const int32_t ring_bytes = p->ring_bytes;
    const int32_t kernel_taps = p->kernel_taps;
    const int32_t channels = p->channels;
    const uint32_t offset = p->offset;
    const uint32_t *constants = op->constants;
    const int8_t *data = p->data;
    int8_t *output = p->output;
    int8_t *const end = output + (channels & ~3);
    while (output != end) {
        tinynas_four acc = {(int32_t)constants[0], (int32_t)constants[1], (int32_t)constants[2],
                            (int32_t)constants[3]};
        const uint32_t *weights = constants + first;
        int32_t row = first_row;
        for (int32_t left = rows; left > 0; --left) {
            add_row(&acc, data + row, channels, weights, columns, offset);
            weights += kernel_columns;
            row = next_row(row, row_bytes, ring_bytes);
        }
        constants += 4 + kernel_taps;
        write_four(op, acc, constants, output);
        constants += 5;
        data += 4;
        output += 4;
    }
    return constants;
}

/* The same for all of a 3 x 3 kernel. */
TINYNAS_NOINLINE const uint32_t *fours_3x3(const pixel *p)
{
    const tinynas_conv_op *const op = p->op;
    const uint32_t *constants = op->constants;
    const int32_t row1 = next_row(p->first_row, p->row_bytes, p->ring_bytes);
    const int32_t row2 = next_row(row1, p->row_bytes, p->ring_bytes);
    const int8_t *x0 = p->data + p->first_row;
    const int8_t *x1 = p->data + row1;
    const int8_t *x2 = p->data + row2;
    const int32_t step = p->channels;
    const uint32_t offset = p->offset;
    int8_t *output = p->output;
    int8_t *const end = output + (step & ~3);
    while (output != end) {
        tinynas_four acc = {(int32_t)constants[0], (int32_t)constants[1], (int32_t)constants[2],
                            (int32_t)constants[3]};
        constants += 4;
        tinynas_add_tap(&acc, x0, &constants, offset);
        tinynas_add_tap(&acc, x0 + step, &constants, offset);
        tinynas_add_tap(&acc, x0 + 2 * step, &constants, offset);
        tinynas_add_tap(&acc, x1, &constants, offset);
        tinynas_add_tap(&acc, x1 + step, &constants, offset);
        tinynas_add_tap(&acc, x1 + 2 * step, &constants, offset);
        tinynas_add_tap(&acc, x2, &constants, offset);
        tinynas_add_tap(&acc, x2 + step, &constants, offset);
        tinynas_add_tap(&acc, x2 + 2 * step, &constants, offset);
        write_four(op, acc, constants, output);
        constants += 5;
        x0 += 4;
        x1 += 4;
        x2 += 4;
        output += 4;
    }
    return constants;
}

static int8_t one_channel(const pixel *p, int32_t channel, const uint32_t *constants)
{
    const int8_t *weights = (const int8_t *)(constants + 3) + p->first;
    const int32_t zero_point = p->op->input.zero_point;
    uint32_t acc = constants[0];
    int32_t row = p->first_row;
    for (int32_t rows = p->rows; rows > 0; --rows) {
        const int8_t *x = p->data + row + channel;
        for (int32_t i = 0; i < p->columns; ++i) {
            acc += (uint32_t)((x[i * p->channels] - zero_point) * weights[i]);
        }
        weights += p->op->kernel_columns;
        row = next_row(row, p->row_bytes, p->ring_bytes);
    }
    return (int8_t)tinynas_rescale(p->op, (int32_t)acc, (int32_t)constants[1],
                                   (int32_t)constants[2]);
}

static void write_pixel(const pixel *p)
{
    const int32_t whole_3x3 = p->rows == 3 && p->columns == 3 && p->kernel_taps == 9;
    const uint32_t *constants = whole_3x3 ? fours_3x3(p) : fours(p);
    for (int32_t channel = p->channels & ~3; channel < p->channels; ++channel) {
        p->output[channel] = one_channel(p, channel, constants);
        constants += 3 + (p->kernel_taps + 3) / 4;
    }
}

/* Taps [begin, end) of `kernel` that lie in [0, size) when the first lies at `start`. */
TINYNAS_INLINE tinynas_span inside(int32_t start, int32_t kernel, int32_t size)
{
    const int32_t begin = start < 0 ? (-start < kernel ? -start : kernel) : 0;
    const int32_t end = size - start < kernel ? size - start : kernel;
    return (tinynas_span){(uint16_t)begin, (uint16_t)(end > begin ? end : begin)};
}

void tinynas_depthwise(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    tinynas_view input;
    tinynas_view_of(&input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    pixel p;
    p.op = op;
    p.row_bytes = input.row_bytes;
    p.ring_bytes = input.ring * input.row_bytes;
    p.channels = input.channels;
    p.kernel_taps = op->kernel_rows * op->kernel_columns;
    p.offset = tinynas_both_halves(-op->input.zero_point);
    for (int32_t row = window.row; row < window.row_end; ++row) {
        const int32_t top = row * op->stride_rows - op->padding_top;
        const tinynas_span rows = inside(top, op->kernel_rows, op->input.rows);
        p.rows = rows.end - rows.begin;
        p.first_row = p.rows > 0 ? tinynas_slot(&input, top + rows.begin) * input.row_bytes : 0;
        p.output = tinynas_pixel(&output, row, window.column);
        for (int32_t column = window.column; column < window.column_end; ++column) {
            const int32_t left = column * op->stride_columns - op->padding_left;
            const tinynas_span columns = inside(left, op->kernel_columns, op->input.columns);
            p.columns = columns.end - columns.begin;
            p.rows = p.columns > 0 ? rows.end - rows.begin : 0;
            p.first = rows.begin * op->kernel_columns + columns.begin;
            p.data = input.data;
            if (p.rows > 0) {
                p.data += (left + columns.begin - input.first_column) * input.channels;
            }
            write_pixel(&p);
            p.output += output.channels;
        }
    }
}
