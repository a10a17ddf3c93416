"""GigaAM's layers in the form that runs fastest as int8 ONNX; the numbers they compute are the same.

Imports torch at once: only `export` uses it.

Two things keep a plain MatMul-only quantisation of GigaAM slow. The 1×1 convolutions are no MatMul;
`Pointwise` makes them one. And v2's second 3×3 convolution (768 → 768 channels) alone is a quarter
of all multiplications: in float32 it takes 0.38 s of 0.67 s for 15 s of audio on one core;
`IntegerSubsampling` computes it as integer matrix products in 0.07 s.
"""

from __future__ import annotations

from typing import Any

import torch

BANDS = 4  # computed at a time: all 16 at once take 80 MB more for 20 s and are no faster


class Pointwise(torch.nn.Module):
    """A Conv1d of kernel 1 as a Linear: (batch, channels, time) → (batch, channels', time)."""

    def __init__(self, conv: Any) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(conv.in_channels, conv.out_channels)
        self.linear.weight.data = conv.weight.data.squeeze(-1).contiguous()
        self.linear.bias.data = conv.bias.data

    def forward(self, x: Any) -> Any:
        return self.linear(x.transpose(1, 2)).transpose(1, 2)


class _Quantise(torch.autograd.Function):
    """ONNX's DynamicQuantizeLinear for what a ReLU gave: (uint8, scale, zero point)."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        scale = x.max().clamp(min=1e-9) / 255
        whole = torch.clamp(torch.round(x / scale), 0, 255).to(torch.uint8)
        return whole, scale, torch.zeros((), dtype=torch.uint8)

    @staticmethod
    def symbolic(g: Any, x: Any) -> Any:
        return g.op("DynamicQuantizeLinear", x, outputs=3)


class _IntegerProduct(torch.autograd.Function):
    """ONNX's MatMulInteger: uint8 (…, n) times int8 (n, m) gives int32."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, zero: Any) -> Any:
        return torch.matmul(x.to(torch.float64), weight.to(torch.float64)).to(torch.int32)

    @staticmethod
    def symbolic(g: Any, x: Any, weight: Any, zero: Any) -> Any:
        return g.op("MatMulInteger", x, weight, zero)


class IntegerSubsampling(torch.nn.Module):
    """v2's two 3×3 convolutions of stride 2, with the second one in int8.

    The first one's output is laid out in 2×2 blocks (time, then frequency), so that an output place
    (t, f) needs the whole of block (t, f), the later half of block (t − 1, f), the upper half of block
    (t, f − 1) and the last quarter of (t − 1, f − 1): four products instead of a 9-fold copy.
    top: the largest weight, 127; 63 for processors whose 8-bit products saturate at 16 bits.
    """

    def __init__(self, old: Any, top: int = 127) -> None:
        super().__init__()
        first, second = old.conv[0], old.conv[2]
        self.channels = first.out_channels
        kernel = first.weight.data.reshape(self.channels, 9).t()
        self.register_buffer("first", torch.cat([kernel, first.bias.data[None]]))
        taps = second.weight.data.permute(2, 3, 1, 0)  # (time, frequency, in, out)
        scale = taps.abs().amax(dim=(0, 1, 2)).clamp(min=1e-9) / top
        whole = torch.round(taps / scale).to(torch.int8)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", second.bias.data)
        self.register_buffer("here", _stack(whole[1, 1], whole[1, 2], whole[2, 1], whole[2, 2]))
        self.register_buffer("before", _stack(whole[0, 1], whole[0, 2]))
        self.register_buffer("below", _stack(whole[1, 0], whole[2, 0]))
        self.register_buffer("corner", _stack(whole[0, 0]))
        self.calc_output_length = old.calc_output_length
        self.out = old.out

    def forward(self, x: Any, lengths: Any) -> Any:
        """x: (batch, time, features) → ((batch, time / 4, d_model), lengths)."""
        batch, size, bands = x.shape[0], x.shape[1], x.shape[2] // 4
        half = (size - 1) // 2 + 1
        quarter = (half - 1) // 2 + 1
        patches = self._patches(x, half, quarter)
        patches = patches.reshape(batch, quarter, 2, bands, 2, 10).permute(0, 1, 3, 2, 4, 5)
        edges = range(0, bands, BANDS)
        found = [self._convolved(patches[:, :, max(0, e - 1) : e + BANDS], e == 0) for e in edges]
        found = torch.cat(found, 2).transpose(2, 3).reshape(batch, quarter, -1)
        return self.out(found), self.calc_output_length(lengths)

    def _convolved(self, patches: Any, lowest: bool) -> Any:
        """Both convolutions for some bands: (batch, time, bands, channels). All but the lowest bands
        are preceded by the band below them, which is needed and not returned."""
        pad = torch.nn.functional.pad
        blocks, scale, zero = _Quantise.apply(torch.relu(torch.matmul(patches, self.first)))
        own = blocks if lowest else blocks[:, :, 1:]
        total = _IntegerProduct.apply(own.flatten(3), self.here, zero)
        later = _IntegerProduct.apply(own[:, :-1, :, 1].flatten(3), self.before, zero)
        total = total + pad(later, (0, 0, 0, 0, 1, 0))
        upper = _IntegerProduct.apply(blocks[:, :, :-1, :, 1].flatten(3), self.below, zero)
        total = total + pad(upper, (0, 0, int(lowest), 0))
        last = _IntegerProduct.apply(blocks[:, :-1, :-1, 1, 1], self.corner, zero)
        total = total + pad(last, (0, 0, int(lowest), 0, 1, 0))
        return torch.relu(total.to(torch.float32) * (scale * self.scale) + self.bias)

    def _patches(self, x: Any, half: Any, quarter: Any) -> Any:
        """(batch, 2 × quarter, bands, 10): the nine inputs of each place of the first convolution and
        a one for its bias; all zero past its end, where the second convolution pads with zeros."""
        bands = x.shape[2]
        x = torch.nn.functional.pad(x, (1, 1, 1, 7))
        end = 4 * quarter - 1
        taps = [x[:, i : i + end : 2, j : j + bands - 1 : 2] for i in range(3) for j in range(3)]
        patches = torch.stack([*taps, torch.ones_like(taps[0])], -1)
        exists = torch.arange(2 * quarter) < half
        return patches * exists.to(x.dtype)[None, :, None, None]


def _stack(*taps: Any) -> Any:
    return torch.cat(taps).contiguous()
