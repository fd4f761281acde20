/* Where tensors lie, and which part of an output to compute. */
#include "tinynas_kernels.h"

void tinynas_view_of(tinynas_view *view, const tinynas_tensor *tensor, int8_t *arena,
                     const tinynas_tile *tile)
{
    const int tiled = tile != NULL && tensor->span >= 0;
    view->data = arena + tensor->offset;
    view->row_bytes = (int32_t)tensor->row_bytes;
    view->first_row = tiled ? tile->rows[tensor->span].begin : 0;
    view->first_column = tiled ? tile->columns[tensor->span].begin : 0;
    view->ring = tensor->ring;
    view->channels = tensor->channels;
}

void tinynas_window_of(tinynas_window *window, const tinynas_tensor *output, uint32_t span,
                       const tinynas_tile *tile)
{
    const tinynas_span rows = tile != NULL ? tile->rows[span] : (tinynas_span){0, output->rows};
    const tinynas_span columns =
        tile != NULL ? tile->columns[span] : (tinynas_span){0, output->columns};
    window->row = rows.begin;
    window->row_end = rows.end;
    window->column = columns.begin;
    window->column_end = columns.end;
}
