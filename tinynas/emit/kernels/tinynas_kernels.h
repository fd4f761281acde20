/* Operators of the network as constants, and the kernels that run them.
 *
 * A kernel is called with its operator, the arena and a tile.  It computes the window of its output
 * that the tile says, in the coordinates of the whole tensor, and padding is decided by these too:
 * so one kernel serves whole tensors, tiles of a patch grid and rings of rows, with the same bytes.
 *
 * A NULL tile means the whole output from whole inputs.
 *
 * Order of reads and writes, on which the planner of the arena relies.  All kernels write output
 * pixels in raster order.
 *   pixel    all inputs of an output pixel are read before any of its channels is written
 *   element  the channels of a pixel are written in order, each when its own inputs are read, and
 *            channel c needs inputs of channel c alone
 *   flat     byte i of the output is written when byte i of every input of its size has been read
 *   none     the output must not lie on the input
 */
#ifndef TINYNAS_KERNELS_H
#define TINYNAS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "tinynas_arithmetic.h"

/* Rows or columns [begin, end) of a tensor. */
typedef struct {
    uint16_t begin;
    uint16_t end;
} tinynas_span;

/* Which part of every tensor of a segment is at hand: spans by the tensor's number. */
typedef struct {
    const tinynas_span *rows;
    const tinynas_span *columns;
} tinynas_tile;

/* Where a tensor lies in the arena.  Row r of those held lies `(r - first) mod ring` rows below the
 * first; without a tile, and for a tensor that is not tiled, the first row and column are 0.
 */
typedef struct {
    uint32_t offset;    /* from the start of the arena to the first byte held */
    uint32_t row_bytes; /* from a row to the next in memory */
    uint16_t rows;      /* of the whole tensor */
    uint16_t columns;
    uint16_t channels;
    uint16_t ring;      /* rows held at once */
    int16_t span;       /* the tile's span that says what is held; -1: held from row and column 0 */
    int16_t zero_point;
} tinynas_tensor;

/* Convolutions of every kind. */
typedef struct {
    tinynas_tensor input;
    tinynas_tensor output;
    const uint32_t *constants;  /* weights, bias, requantisation in the kernel's own order */
    uint32_t scratch;           /* offset in the arena */
    uint16_t window;            /* the tile's span that says which part of the output to compute */
    uint8_t kernel_rows;
    uint8_t kernel_columns;
    uint8_t stride_rows;
    uint8_t stride_columns;
    uint8_t padding_top;
    uint8_t padding_left;
    int8_t minimum;             /* of the output */
    int8_t maximum;
    uint8_t shift;              /* gathered inputs are multiplied by 2^shift */
    uint8_t form;               /* how sums become outputs there: 0 clamped, 1 signed */
} tinynas_conv_op;

typedef struct {
    uint32_t input;             /* offsets in the arena */
    uint32_t output;
    const uint32_t *constants;
    uint32_t positions;         /* each `inputs` bytes to `outputs` */
    uint32_t inputs;
    uint32_t outputs;
    int16_t output_zero_point;
    int8_t minimum;
    int8_t maximum;
} tinynas_fully_connected_op;

typedef struct {
    tinynas_tensor inputs[2];
    tinynas_tensor output;
    int32_t multipliers[2];
    int32_t output_multiplier;
    int8_t rights[2];
    int8_t output_right;
    int8_t minimum;
    int8_t maximum;
    uint16_t window;
} tinynas_add_op;

typedef struct {
    tinynas_tensor input;
    tinynas_tensor output;
    int32_t multiplier;
    int8_t right;
    int8_t minimum;
    int8_t maximum;
} tinynas_mean_op;

/* Average and maximum over a window. */
typedef struct {
    tinynas_tensor input;
    tinynas_tensor output;
    uint16_t window;            /* as in a convolution */
    uint8_t kernel_rows;
    uint8_t kernel_columns;
    uint8_t stride_rows;
    uint8_t stride_columns;
    uint8_t padding_top;
    uint8_t padding_left;
    int8_t minimum;
    int8_t maximum;
} tinynas_pool_op;

typedef struct {
    uint32_t input;             /* offsets in the arena, here and below */
    uint32_t output;
    const uint32_t *constants;
    uint32_t rows;
    uint32_t depth;
} tinynas_softmax_op;

typedef struct {
    uint32_t input;
    uint32_t output;
    const uint32_t *constants;
    uint32_t bytes;
} tinynas_lookup_op;

typedef struct {
    uint32_t input;
    uint32_t output;
    uint32_t bytes;
} tinynas_copy_op;

typedef struct {
    uint32_t output;
    const uint32_t *constants;
    uint32_t blocks;
    uint32_t parts;
} tinynas_concat_op;

typedef struct {
    uint32_t input;
    uint32_t output;
    uint16_t input_extents[3];
    uint16_t before[3];         /* how much of the border comes first, by dimension */
    uint16_t output_extents[3];
    int8_t value;
} tinynas_pad_op;

typedef struct {
    uint32_t input;
    uint32_t output;
    uint32_t steps[3];          /* bytes of the input from one to the next along an output dimension */
    uint16_t extents[3];        /* of the output */
} tinynas_transpose_op;

typedef struct {
    uint32_t input;
    uint32_t output;
    const uint32_t *constants;
    uint16_t rows;              /* of the output */
    uint16_t columns;
    uint16_t channels;
} tinynas_resize_op;

/* Two inputs that broadcast: a step of 0 repeats a byte.  Numbers of the first input, the second
 * and the output.
 */
typedef struct {
    uint32_t inputs[2];
    uint32_t output;
    const uint32_t *constants;  /* of the constant input, if one is */
    uint32_t steps[2][3];       /* bytes of an input from one to the next along an output dimension */
    int32_t multipliers[3];
    uint16_t extents[3];        /* of the output */
    int16_t zero_points[3];
    int8_t rights[3];
    int8_t minimum;
    int8_t maximum;
    uint8_t constant;           /* number of the constant input; 2: none is */
} tinynas_broadcast_op;

/* Operators that compute a row of their output together when what they read of the stage before, or
 * of the network's input, is there: for row y its rows up to `y * stride + reach`, or all of them.
 */
typedef struct {
    uint16_t rows;
    uint16_t columns;
    uint16_t chunk;             /* columns at a time */
    uint16_t stride;
    int16_t reach;
    uint16_t source_rows;
} tinynas_stage;

/* What is held of a tensor, ready for use. */
typedef struct {
    int8_t *data;
    int32_t row_bytes;
    int32_t first_row;
    int32_t first_column;
    int32_t ring;
    int32_t channels;
} tinynas_view;

/* Rows [row, row_end) x columns [column, column_end). */
typedef struct {
    int32_t row;
    int32_t row_end;
    int32_t column;
    int32_t column_end;
} tinynas_window;

/* What is held of a tensor: all of it, or of a tiled one the tile. */
void tinynas_view_of(tinynas_view *view, const tinynas_tensor *tensor, int8_t *arena,
                     const tinynas_tile *tile);

/* What to compute of an output: all of it, or the tile's span number `span`. */
void tinynas_window_of(tinynas_window *window, const tinynas_tensor *output, uint32_t span,
                       const tinynas_tile *tile);

/* Place of a row among those held. */
TINYNAS_INLINE int32_t tinynas_slot(const tinynas_view *view, int32_t row)
{
    return (row - view->first_row) % view->ring;
}

/* First channel of a pixel that is held. */
TINYNAS_INLINE int8_t *tinynas_pixel(const tinynas_view *view, int32_t row, int32_t column)
{
    return view->data + tinynas_slot(view, row) * view->row_bytes
           + (column - view->first_column) * view->channels;
}

/* Every stage's next row is its first. */
void tinynas_begin_stream(uint16_t *next, int32_t count);

/* The last of `count` stages that can compute its next row, `next` of each, when `rows` rows of the
 * first one's input are there; -1: none can.
 */
int32_t tinynas_next_stage(const tinynas_stage *stages, int32_t count, const uint16_t *next,
                           int32_t rows);

void tinynas_conv(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_conv_three(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_conv_expanded(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_conv_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_pointwise(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_pointwise_expanded(const tinynas_conv_op *op, int8_t *arena,
                                const tinynas_tile *tile);
void tinynas_pointwise_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_pointwise_three(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_3(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_5(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_5_strided(const tinynas_conv_op *op, int8_t *arena,
                                 const tinynas_tile *tile);
void tinynas_depthwise_5_row(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_5_row_strided(const tinynas_conv_op *op, int8_t *arena,
                                     const tinynas_tile *tile);
void tinynas_depthwise_7(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_7_strided(const tinynas_conv_op *op, int8_t *arena,
                                 const tinynas_tile *tile);
void tinynas_depthwise_7_row(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_7_row_strided(const tinynas_conv_op *op, int8_t *arena,
                                     const tinynas_tile *tile);
void tinynas_depthwise_wide(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_row(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_strided(const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_depthwise_multiplier(const tinynas_conv_op *op, int8_t *arena,
                                  const tinynas_tile *tile);
void tinynas_fully_connected(const tinynas_fully_connected_op *op, int8_t *arena);
void tinynas_add(const tinynas_add_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_mean(const tinynas_mean_op *op, int8_t *arena);
void tinynas_average_pool(const tinynas_pool_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_max_pool(const tinynas_pool_op *op, int8_t *arena, const tinynas_tile *tile);
void tinynas_softmax(const tinynas_softmax_op *op, int8_t *arena);
void tinynas_lookup(const tinynas_lookup_op *op, int8_t *arena);
void tinynas_copy(const tinynas_copy_op *op, int8_t *arena);
void tinynas_concat(const tinynas_concat_op *op, int8_t *arena);
void tinynas_pad(const tinynas_pad_op *op, int8_t *arena);
void tinynas_transpose(const tinynas_transpose_op *op, int8_t *arena);
void tinynas_resize_nearest(const tinynas_resize_op *op, int8_t *arena);
void tinynas_mul(const tinynas_broadcast_op *op, int8_t *arena);
void tinynas_add_broadcast(const tinynas_broadcast_op *op, int8_t *arena);

/* Input `index` of an operator that broadcasts. */
TINYNAS_INLINE const int8_t *tinynas_operand(const tinynas_broadcast_op *op, uint32_t index,
                                             const int8_t *arena)
{
    return op->constant == index ? (const int8_t *)op->constants : arena + op->inputs[index];
}

/* Pixels of an input, in rows.  The row behind the last one of a ring lies `wrap` bytes before where it
 * would be; `until_wrap` is how many come before it.
 */
typedef struct {
    const int8_t *first;
    int32_t rows;
    int32_t columns;
    int32_t step;       /* bytes from a pixel to the next */
    int32_t row_bytes;
    int32_t until_wrap;
    int32_t wrap;
} tinynas_pixels;

/* The pixels that the window at an output pixel covers; padding is left out. */
void tinynas_pixels_under(tinynas_pixels *pixels, const tinynas_pool_op *op,
                          const tinynas_view *input, int32_t row, int32_t column);

/* Where the next row lies, behind one at `x` after which `left` more come before the ring begins again. */
TINYNAS_INLINE const int8_t *tinynas_next_row(const tinynas_pixels *pixels, const int8_t *x,
                                              int32_t left)
{
    x += pixels->row_bytes;
    return left == 0 ? x - pixels->wrap : x;
}

/* Sums over pixels, of four neighbouring channels and of one. */
void tinynas_sums_over(tinynas_four *sums, const tinynas_pixels *pixels, int32_t channel);
int32_t tinynas_sum_over(const tinynas_pixels *pixels, int32_t channel);

/* Bytes in ascending order: `to` may lie below `from` on the same memory. */
void tinynas_copy_bytes(int8_t *to, const int8_t *from, uint32_t bytes);

void tinynas_fill_bytes(int8_t *to, int8_t value, uint32_t bytes);

/* What an accumulator becomes, by the short or the general form as `right` says. */
int32_t tinynas_rescale(const tinynas_conv_op *op, int32_t acc, int32_t multiplier, int32_t right);

/* Both pixels that `gathered` holds, through all output channels: see pair.c. */
void tinynas_pair(const tinynas_conv_op *op, const int8_t *gathered, int32_t taps, int8_t *first,
                  int8_t *second);

/* Windows of two pixels that lie in the input as a whole, in the same rows: see conv.c. */
typedef struct {
    int32_t apart;      /* bytes from the first pixel's to the second's */
    int32_t row_bytes;
    int32_t until_wrap; /* rows before the ring of rows begins again */
    int32_t wrap;       /* bytes to go back then */
    int32_t rows;
    int32_t words;      /* of a run */
    int32_t left;       /* bytes of a run beyond its words */
    int8_t *rest;       /* where those go, of all runs */
} tinynas_gathering;

void tinynas_gather_rows(tinynas_gathering *g, const int8_t *x, int8_t *words);

/* Three output pixels at a time, as three.S reads it: see three.c.  Windows lie in the input as a whole, in
 * the same rows; if there are no rows, what is gathered is used as it is.
 */
typedef struct {
    int8_t *outputs[3];
    const uint32_t *constants_end;
    const uint32_t *constants;
    int8_t *gathered;
    int32_t units;      /* taps in fours */
    int32_t skip;       /* bytes from the end of a pixel's outputs to the same pixel of the next three */
    int32_t form;       /* 0: clamped at -128; 1: signed */
    const int8_t **rows; /* of the first pixel: from there the next three are gathered */
    const int8_t **rows_end;
    int32_t apart;      /* bytes from a pixel to the next */
    int32_t words;      /* of a row */
    int32_t left;       /* bytes of a row beyond its words */
    int32_t step;       /* bytes from three pixels to the next three */
    void (*gather)(void); /* what gathers, by a convention of its own; NULL: what serves any rows */
    uint32_t shift;     /* inputs for int16 weights are multiplied by 2^shift */
} tinynas_triples;

/* By a convention of their own: the addresses of functions in assembly, to be handed on. */
#if defined(TINYNAS_ASSEMBLY)
#define TINYNAS_IN_ASSEMBLY(function) function
#else
#define TINYNAS_IN_ASSEMBLY(function) NULL
#endif

void tinynas_three(tinynas_triples *t, int32_t groups);
void tinynas_two(tinynas_triples *t, int32_t groups);
void tinynas_three_wide(tinynas_triples *t, int32_t groups);
void tinynas_two_wide(tinynas_triples *t, int32_t groups);
void tinynas_gather_nine(void);
void tinynas_gather_nine_wide(void);

/* The walk, with the product, one of two pixels that gathers as it does (NULL: none), what gathers three
 * rows of nine bytes for it, and its constants where they are of int16 weights (NULL: of int8, the op's):
 * see threes.c.
 */
typedef void (*tinynas_three_function)(tinynas_triples *t, int32_t groups);
typedef void (*tinynas_gather_function)(void);
void tinynas_threes_by(tinynas_three_function product, tinynas_three_function two,
                       tinynas_gather_function nine, const uint32_t *wide,
                       const tinynas_conv_op *op, int8_t *arena, const tinynas_tile *tile);

/* The constants of three_wide.c, from int8 weights to `behind` bytes behind the gathered inputs in the op's
 * scratch memory: see expand_weights.c.
 */
const uint32_t *tinynas_expand_weights(const tinynas_conv_op *op, int8_t *arena, int32_t behind);

/* Kernels have no more rows than this there. */
#define TINYNAS_MOST_ROWS 10

/* Words of two pixels, each to every other 8 of the bytes at `to`: see tinynas_expand. */
void tinynas_expand_both(const int8_t *a, const int8_t *b, int8_t *to, uint32_t words);

/* What all pixels of a depthwise convolution with int16 weights share: see depthwise_wide.c. */
typedef struct {
    int32_t pairs;      /* of taps */
    int32_t step;       /* bytes from a pixel's window to the next one's */
    uint32_t shift;
    const uint32_t *end;
    const uint32_t *constants;
    const int8_t *arena;
} tinynas_depthwise_pixels;

/* A depthwise convolution 3 x 3, stride 1, as rows_3.S reads it: see depthwise_3.c.  Rows of inputs count
 * from the first one that is there.
 */
typedef struct {
    const int8_t *input;    /* the first of these rows, the first pixel that the outputs see */
    int32_t top;            /* the first row to take apart */
    int32_t row_bytes;
    int32_t rows;           /* that there are, of those that the outputs see */
    int32_t pixel_bytes;
    int32_t inside;         /* pixels of a row, of those that the outputs see */
    int8_t *first;          /* inputs of the first of them in the records */
    int8_t *output;         /* the last pixel of the first row of outputs */
    int32_t output_rows;
    int32_t output_row_bytes;
    int32_t columns;        /* of outputs */
    int8_t *base;           /* inputs of the first record */
    int32_t back;           /* from behind the last record of a channel to the first one of the next */
    int8_t *channels_end;   /* the first record of a fifth channel */
    int8_t *end;            /* records whose outputs are not the last or last but one */
    const uint32_t *constants;
    int32_t groups;         /* of four channels */
    uint32_t *weights;
    uint32_t shift;
    uint32_t padding;       /* four zero points */
} tinynas_rows;

/* A depthwise convolution as the assembly over bands reads it: see bands.c.  Rows of inputs count from the
 * first one that is there.
 */
typedef struct {
    const int8_t *input;    /* the first of these rows, the first pixel that the outputs see */
    int32_t top;            /* the first row to take apart */
    int32_t row_bytes;
    int32_t rows;           /* that there are, of those that the outputs see */
    int32_t pixel_bytes;
    int32_t inside;         /* pixels of a row, of those that the outputs see */
    int8_t *first;          /* the first of them in the first band */
    int32_t band;           /* bytes from a band to the next one, of the same column */
    int32_t plane;          /* of a channel's bands */
    int8_t *output;         /* the first row of outputs */
    int32_t output_rows;
    int32_t output_row_bytes;
    int32_t columns;        /* of outputs */
    int32_t across;         /* of a block's four outputs: bytes from the first to the second */
    int32_t along[2];       /* from the first to the third, from the second to the fourth */
    int8_t *base;           /* the first column of the first band */
    const uint32_t *constants;
    int32_t groups;         /* of four channels */
    int8_t *records;
    uint32_t shift;
    uint32_t padding;       /* four zero points */
    uint32_t fill;          /* two of them, as bands hold them */
} tinynas_bands;

typedef void (*tinynas_bands_function)(const tinynas_bands *bands);
void tinynas_bands_by(tinynas_bands_function product, const tinynas_conv_op *op, int8_t *arena,
                      const tinynas_tile *tile);
void tinynas_bands_twin(const tinynas_bands *bands, int32_t size, int32_t stride);

/* A row of outputs of a depthwise convolution 3 x 3, stride 2: see depthwise_strided.c.  Columns are bytes
 * from the arena to where a row's would be for an index of 0; an index counts half the bytes.
 */
typedef struct {
    const int8_t *arena;
    int32_t middle[3];
    int32_t shared[3];
    int32_t step;       /* bytes from pixel to pixel */
    int32_t end;        /* the last index, if its third column is padding; else one less */
    int32_t at;         /* the index, 0 */
    int8_t *output;
    int32_t span;       /* from the last index to the first one of the next four channels */
    const uint32_t *constants_end;
    int32_t first[3];
    int32_t masks[2];   /* of the index for rows 0 and 2: 0 where they are padding, else -1 */
    uint32_t padding;   /* four zero points */
    const uint32_t *constants;
} tinynas_slide;

/* A row of outputs of a depthwise convolution 3 x 3, stride 1: see depthwise_row.c.  Columns are bytes from
 * the arena; the first and the last one, of those that the outputs see, may be padding.
 */
typedef struct {
    const int8_t *arena;
    int8_t *output;
    int32_t step;       /* bytes from pixel to pixel */
    int32_t end;        /* bytes of outputs */
    int32_t rows[3];    /* where the first column would be */
    int32_t masks[2];   /* of bytes from there, for rows 0 and 2: 0 where they are padding, else -1 */
    int32_t first[3];
    int32_t last[3];
    const uint32_t *constants_end;
    const uint32_t *constants;
} tinynas_row;

/* A row of outputs of a depthwise convolution 5 x 5 or 7 x 7: see strips.c.  Columns of the input are an
 * index of bytes, that of the first one inside is 0.
 */
typedef struct {
    const int8_t *rows[7];  /* where index 0 lies; NULL: outside */
    int8_t *columns;        /* four channels of columns, taken apart */
    int8_t *columns_end;
    int32_t step;           /* bytes from pixel to pixel */
    int32_t inside;         /* the index behind the last column inside, of those that the outputs see */
    int32_t first;          /* the index of the first column that the outputs see */
    int8_t *output;
    int32_t outputs;
    const uint32_t *constants;
    const uint32_t *constants_end;
    uint32_t fill;          /* two zero points as halfwords */
    uint32_t padding;       /* four zero points */
} tinynas_strip;

typedef void (*tinynas_strip_function)(const tinynas_strip *strip);
void tinynas_strips_by(tinynas_strip_function product, const tinynas_conv_op *op, int8_t *arena,
                       const tinynas_tile *tile);
void tinynas_strip_twin(const tinynas_strip *strip, int32_t size, int32_t stride);

/* Words of constants of a channel. */
TINYNAS_INLINE int32_t tinynas_strip_words(int32_t size, int32_t stride)
{
    const int32_t last = (size + 1) / 2;
    return 3 + size / 2 * size + (stride == 1 ? 2 * last : last);
}

#endif
