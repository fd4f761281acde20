/* The walk of a dense convolution over its output pixels, three at a time; output channels come in
 * fours.
 *
 * Taps are in the order kernel row, kernel column, input channel.  A kernel row is a run of neighbouring
 * bytes; first come the whole words of every run, then the bytes that are left of every run, up to a
 * multiple of four with whatever lies there, which meets weights of zero.
 *
 * In assembly the product gathers, too: windows of three neighbouring pixels that lie in the input as a
 * whole, and those at its borders from copies of their rows with zero points around.  The last two or four
 * pixels of a row are twos.  What is left, rows of a single pixel, is gathered here and waits for more.
 */
#include "tinynas_kernels.h"

typedef struct {
    tinynas_three_function product;
    tinynas_three_function two; /* NULL: none */
    tinynas_gather_function nine;
    int32_t is_wide;
    const tinynas_conv_op *op;
    tinynas_view input;
    int32_t bytes; /* of a kernel row */
    int32_t whole; /* of these in whole words */
    int32_t columns; /* of the input */
    uint32_t border; /* four zero points */
    int8_t *padded; /* kernel rows of three pixels */
} walk;

/* A byte of tap `tap` of pixel `slot`. */
TINYNAS_NOINLINE void put_tap(const walk *w, int8_t *gathered, int32_t slot, int32_t tap,
                              int8_t byte)
{
    int8_t *const at = gathered + 6 * (tap & ~3) + 4 * slot + (tap & 2);
    const int32_t odd = tap & 1;
    if (w->is_wide != 0 || odd == 0) {
        const int32_t value = w->is_wide != 0 ? (byte + 128) << w->op->shift : byte - 127;
        tinynas_store_half_aligned(at + 12 * odd, value);
    }
    if (w->is_wide == 0) {
        at[12 + odd] = odd != 0 ? byte : (int8_t)(byte ^ 0x7f);
    }
}

/* Four bytes of the taps from `tap` on, a multiple of 4. */
TINYNAS_NOINLINE void put_four(const walk *w, int8_t *gathered, int32_t slot, int32_t tap,
                               uint32_t word)
{
    int8_t *const at = gathered + 6 * tap + 4 * slot;
    if (w->is_wide != 0) {
        const uint32_t raised = word ^ 0x80808080u;
        tinynas_store_aligned(at, (raised & 0x00ff00ffu) << w->op->shift);
        tinynas_store_aligned(at + 12, (raised >> 8 & 0x00ff00ffu) << w->op->shift);
    } else {
        tinynas_store_aligned(at, tinynas_add_even_bytes(0xff81ff81u, word));
        tinynas_store_aligned(at + 12, word ^ 0x007f007fu);
    }
}

/* Kernel row `i` of a pixel: bytes of `x`, or zero points where that is NULL. */
TINYNAS_NOINLINE void gather_run(const walk *w, int8_t *gathered, int32_t slot, int32_t i,
                                 const int8_t *x)
{
    int32_t tap = i * w->whole;
    const int32_t end = tap + w->whole;
    int32_t rest = w->op->kernel_rows * w->whole + i * (w->bytes - w->whole);
    const int32_t rest_end = rest + w->bytes - w->whole;
    if (x == NULL) {
        for (; tap < end; tap += 4) {
            put_four(w, gathered, slot, tap, w->border);
        }
        for (; rest < rest_end; ++rest) {
            put_tap(w, gathered, slot, rest, (int8_t)w->op->input.zero_point);
        }
        return;
    }
    for (; tap < end; tap += 4) {
        put_four(w, gathered, slot, tap, tinynas_load(x));
        x += 4;
    }
    for (; rest < rest_end; ++rest) {
        put_tap(w, gathered, slot, rest, *x++);
    }
}

/* The same, where bytes [begin, end) alone lie inside the input, `x` on. */
TINYNAS_NOINLINE void gather_part_of_run(const walk *w, int8_t *gathered, int32_t slot, int32_t i,
                                         const int8_t *x, int32_t begin, int32_t end)
{
    const int32_t beyond = (w->op->kernel_rows - 1) * w->whole + i * (w->bytes - w->whole);
    for (int32_t byte = 0; byte < w->bytes;) {
        const int32_t tap = byte + (byte < w->whole ? i * w->whole : beyond);
        const int32_t inside = byte >= begin && byte + 4 <= end;
        const int32_t alike = inside || byte >= end || byte + 4 <= begin;
        if (alike && byte < w->whole && (byte & 3) == 0) {
            put_four(w, gathered, slot, tap, inside ? tinynas_load(x + byte - begin) : w->border);
            byte += 4;
        } else {
            put_tap(w, gathered, slot, tap,
                byte >= begin && byte < end ? x[byte - begin] : (int8_t)w->op->input.zero_point);
            ++byte;
        }
    }
}

/* The window of an output pixel. */
TINYNAS_NOINLINE void gather_window(const walk *w, int8_t *gathered, int32_t slot, int32_t row,
                                    int32_t column)
{
    const tinynas_conv_op *const op = w->op;
    const int32_t channels = w->input.channels;
    const int32_t top = row * op->stride_rows - op->padding_top;
    const int32_t left = column * op->stride_columns - op->padding_left;
    const int32_t first = left < 0 ? 0 : left;
    const int32_t begin = (first - left) * channels;
    const int32_t there = w->columns - left;
    const int32_t end = there < op->kernel_columns ? there * channels : w->bytes;
    for (int32_t i = 0; i < op->kernel_rows; ++i) {
        const int8_t *x = NULL;
        if (top + i >= 0 && top + i < op->input.rows && begin < end) {
            x = tinynas_pixel(&w->input, top + i, first);
        }
        if (x == NULL || end - begin == w->bytes) {
            gather_run(w, gathered, slot, i, x);
        } else {
            gather_part_of_run(w, gathered, slot, i, x, begin, end);
        }
    }
}

#if defined(TINYNAS_ASSEMBLY)

_Static_assert(offsetof(tinynas_triples, constants) == 16, "tinynas_three.h: OF_CONSTANTS");
_Static_assert(offsetof(tinynas_triples, form) == 32, "tinynas_three.h: OF_FORM");
_Static_assert(offsetof(tinynas_triples, words) == 48, "tinynas_three.h: OF_WORDS");
_Static_assert(offsetof(tinynas_triples, gather) == 60, "tinynas_three.h: OF_GATHER");

/* `bytes` bytes by words; up to three bytes more are written. */
TINYNAS_NOINLINE int8_t *fill_words(int8_t *to, uint32_t word, int32_t bytes)
{
    for (int32_t i = 0; i < bytes; i += 4) {
        TINYNAS_COPY(to + i, &word, sizeof word);
    }
    return to + bytes;
}

TINYNAS_NOINLINE int8_t *copy_words(int8_t *to, const int8_t *x, int32_t bytes)
{
    for (int32_t i = 4; i <= bytes; i += 4) {
        TINYNAS_COPY(to + i - 4, x + i - 4, 4);
    }
    if (bytes >= 4) { /* what is left, with bytes that are there already */
        TINYNAS_COPY(to + bytes - 4, x + bytes - 4, 4);
        return to + bytes;
    }
    for (int32_t i = 0; i < bytes; ++i) {
        to[i] = x[i];
    }
    return to + bytes;
}

/* Output columns from `column` on whose windows lie inside the input. */
static int32_t inside_from(const walk *w, int32_t row, int32_t column)
{
    const tinynas_conv_op *const op = w->op;
    const int32_t top = row * op->stride_rows - op->padding_top;
    const int32_t left = column * op->stride_columns - op->padding_left;
    const int32_t last = w->columns - op->kernel_columns - left;
    if (top < 0 || top + op->kernel_rows > op->input.rows || left < 0 || last < 0) {
        return 0;
    }
    return (int32_t)((uint32_t)last / op->stride_columns) + 1;
}

static void begin_runs(tinynas_triples *t, const walk *w)
{
    t->apart = w->op->stride_columns * w->input.channels;
    t->words = (int32_t)((uint32_t)w->whole / 4u);
    t->left = w->bytes - w->whole;
}

/* Bytes from `begin` on of the kernel rows of three pixels, zero points where there is no input. */
TINYNAS_NOINLINE void pad_rows(const walk *w, const int8_t **rows, int32_t top, int32_t left)
{
    const tinynas_conv_op *const op = w->op;
    const int32_t channels = w->input.channels;
    const int32_t width = 2 * op->stride_columns + op->kernel_columns;
    const int32_t begin = left < 0 ? -left : 0;
    const int32_t end = w->columns - left < width ? w->columns - left : width;
    int8_t *to = w->padded;
    for (int32_t i = 0; i < op->kernel_rows; ++i) {
        const int8_t *x = NULL;
        if (top + i >= 0 && top + i < op->input.rows && begin < end) {
            x = tinynas_pixel(&w->input, top + i, left + begin);
        }
        rows[i] = to;
        const int32_t before = x == NULL ? width : begin;
        const int32_t there = x == NULL ? 0 : end - begin;
        to = fill_words(to, w->border, before * channels);
        to = copy_words(to, x, there * channels);
        to = fill_words(to, w->border, (width - before - there) * channels);
    }
}

/* Threes of pixels from `column` on: how many pixels these were.  Those that need no padding together,
 * those that do three by three.
 */
static int32_t run(tinynas_triples *t, const walk *w, int8_t *pixel, int32_t row, int32_t column,
                   int32_t column_end)
{
    const tinynas_conv_op *const op = w->op;
    const int32_t inside = inside_from(w, row, column);
    const int32_t there = column_end - column;
    int32_t pixels = 3;
    int32_t most = (int32_t)((uint32_t)there / 3u);
    int32_t groups = (int32_t)((uint32_t)inside / 3u);
    if (w->two != NULL && there > 1) {
        most -= 3 * most + 1 == there; /* four are two twos */
        if (most == 0) {
            pixels = 2;
            most = there / 2;
            groups = inside / 2;
        }
    }
    if (most == 0) {
        return 0;
    }
    const int8_t *rows[TINYNAS_MOST_ROWS];
    const int32_t top = row * op->stride_rows - op->padding_top;
    const int32_t left = column * op->stride_columns - op->padding_left;
    if (groups > most) {
        groups = most;
    }
    if (groups > 0) {
        for (int32_t i = 0; i < op->kernel_rows; ++i) {
            rows[i] = tinynas_pixel(&w->input, top + i, left);
        }
    } else {
        groups = 1;
        pad_rows(w, rows, top, left);
    }
    t->rows = rows;
    t->rows_end = rows + op->kernel_rows;
    for (int32_t i = 0; i < 3; ++i) {
        t->outputs[i] = pixel + i * op->output.channels;
    }
    t->gather = pixels == 3 && w->bytes == 9 && op->kernel_rows == 3 ? w->nine : NULL;
    t->skip = (pixels - 1) * op->output.channels;
    t->step = pixels * t->apart;
    (pixels == 3 ? w->product : w->two)(t, groups);
    return pixels * groups;
}

/* What is gathered already is used. */
static void begin_product(tinynas_triples *t)
{
    t->rows = NULL;
    t->rows_end = NULL;
}

#else

static void begin_runs(const tinynas_triples *t, const walk *w)
{
    (void)t;
    (void)w;
}

static int32_t run(const tinynas_triples *t, const walk *w, const int8_t *pixel, int32_t row,
                   int32_t column, int32_t column_end)
{
    (void)t;
    (void)w;
    (void)pixel;
    (void)row;
    (void)column;
    (void)column_end;
    return 0;
}

static void begin_product(const tinynas_triples *t)
{
    (void)t;
}

#endif

static int32_t pass_words(int32_t is_wide, int32_t form, int32_t units)
{
    if (is_wide == 0) {
        return 8 + 2 * units;
    }
    return (form != 0 ? 8 : 6) + 4 * units;
}

/* Whether the pixels of all rows follow each other in memory and are computed one for one. */
static int32_t is_one_row(const tinynas_conv_op *op, const tinynas_tile *tile)
{
    const int32_t alone = (op->kernel_rows | op->kernel_columns | op->stride_rows
                           | op->stride_columns) == 1;
    const uint32_t bytes = (uint32_t)op->input.columns * op->input.channels;
    const uint32_t out_bytes = (uint32_t)op->output.columns * op->output.channels;
    return alone && tile == NULL && op->input.row_bytes == bytes
           && op->output.row_bytes == out_bytes;
}

void tinynas_threes_by(tinynas_three_function product, tinynas_three_function two,
                       tinynas_gather_function nine, const uint32_t *wide,
                       const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile)
{
    walk w;
    w.product = product;
    w.two = two;
    w.nine = nine;
    w.is_wide = wide != NULL;
    w.op = op;
    tinynas_view_of(&w.input, &op->input, arena, tile);
    tinynas_view output;
    tinynas_view_of(&output, &op->output, arena, tile);
    tinynas_window window;
    tinynas_window_of(&window, &op->output, op->window, tile);
    w.bytes = op->kernel_columns * w.input.channels;
    w.whole = w.bytes & ~3;
    w.columns = op->input.columns;
    w.border = ((uint32_t)op->input.zero_point & 0xffu) * 0x01010101u;
    if (is_one_row(op, tile)) {
        w.columns *= window.row_end;
        window.column_end = w.columns;
        window.row_end = 1;
    }
    tinynas_triples t;
    t.units = (int32_t)((uint32_t)(op->kernel_rows * w.bytes + 3) / 4u);
    t.gathered = arena + op->scratch;
    w.padded = t.gathered + 24 * t.units;
    t.constants = wide != NULL ? wide : op->constants;
    t.form = op->form;
    t.constants_end = t.constants + output.channels / 2 * pass_words(w.is_wide, t.form, t.units);
    t.shift = op->shift;
    begin_runs(&t, &w);
    int32_t waiting = 0;
    for (int32_t row = window.row; row < window.row_end; ++row) {
        int8_t *pixel = tinynas_pixel(&output, row, window.column);
        int32_t column = window.column;
        while (column < window.column_end) {
            const int32_t done =
                waiting == 0 ? run(&t, &w, pixel, row, column, window.column_end) : 0;
            if (done > 0) {
                column += done;
                pixel += done * output.channels;
                continue;
            }
            t.outputs[waiting] = pixel;
            gather_window(&w, t.gathered, waiting, row, column);
            pixel += output.channels;
            waiting = waiting == 2 ? 0 : waiting + 1;
            ++column;
            if (waiting == 0) {
                begin_product(&t);
                product(&t, 1);
            }
        }
    }
    if (waiting != 0) {
        /* What is missing of the last three is overwritten by the last pixel. */
        for (; waiting < 3; ++waiting) {
            t.outputs[waiting] = t.outputs[waiting - 1];
        }
        begin_product(&t);
        product(&t, 1);
    }
}
