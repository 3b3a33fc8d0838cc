"""The first graph: pictures -> features. Shapes stand at the end of every line that changes them."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .layers import Residual, conv


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.stem = nn.Sequential(conv(3, size.stem, 5, 2), conv(size.stem, size.body, 3, 2))
        self.body = nn.Sequential(*[Residual(size.body, dilation=1 + n % 2) for n in range(size.blocks)])
        self.content = nn.Conv2d(size.body, size.content, 1)
        self.scales = nn.Conv2d(size.body, size.scales, 1)
        nn.init.constant_(self.scales.bias, -4.0)
        self.fine = nn.Conv2d(size.stem, size.fine, 3, 1, 1)

    def parts(self, images):
        """-> content [N, content, h, w], logits of the scales [N, scales, h, w], fine [N, 4*fine, h, w]; h, w a quarter of H, W"""
        x = images.float().permute(0, 3, 1, 2) * (1 / 255)                  # [N, 3, H, W]
        mean = x.mean((1, 2, 3), keepdim=True)
        spread = torch.sqrt(((x - mean) * (x - mean)).mean((1, 2, 3), keepdim=True))
        x = (x - mean) / (spread + 0.05)                                    # a camera's gain and exposure are taken out
        half = self.stem[0](x)                                              # [N, stem, H/2, W/2]
        x = self.body(self.stem[1](half))                                   # [N, body, h, w]
        fine = self.fine(half)
        fine = fine - F.avg_pool2d(fine, 5, 1, 2, count_include_pad=False)  # edges and spots, not shades: these can be found again
        return F.relu(self.content(x)), self.scales(x), F.pixel_unshuffle(fine, 2)

    def forward(self, images):                                              # uint8 [N, H, W, 3] BGR
        content, scales, fine = self.parts(images)
        return torch.cat([content, torch.sigmoid(scales), fine], 1)         # [N, F, h, w]
