"""What the model is asked for. Every function: predictions and targets in, a mean loss out."""

import torch
import torch.nn.functional as F

from . import contract as c


POSITIVE = (3.0, 8.0, 8.0)  # vehicles, cycles, people: the small ones are seldom


def occupancy(logits, target, weight):
    """logits, target [B, L, 3, X, Y]; weight [B, L, 1, X, Y]. Class-weighted BCE and soft IoU of all classes united."""
    positive = logits.new_tensor(POSITIVE)[:, None, None]
    loss = F.binary_cross_entropy_with_logits(logits, target, weight * (1 + (positive - 1) * target), reduction="none")
    bce = loss.mean((0, 2, 3, 4)) * 30
    p = (1 - torch.prod(1 - torch.sigmoid(logits), 2)) * weight[:, :, 0]
    t = target.max(2)[0] * weight[:, :, 0]
    both = (p * t).sum((0, 2, 3))
    iou = 1 - (both + 1) / (p.sum((0, 2, 3)) + t.sum((0, 2, 3)) - both + 1)
    return bce + 0.5 * iou  # [L]


def near(logits, target, weight):
    """logits, target [B, L, X, Y] of the near map; weight [B, 1, X, Y] -> mean class-weighted BCE and soft IoU."""
    loss = F.binary_cross_entropy_with_logits(logits, target, weight * (1 + 2 * target), reduction="none")
    p, t = torch.sigmoid(logits) * weight, target * weight
    both = (p * t).sum((0, 2, 3))
    iou = 1 - (both + 1) / (p.sum((0, 2, 3)) + t.sum((0, 2, 3)) - both + 1)
    return loss.mean() * 10 + 0.5 * iou.mean()


def velocity(predicted, target):
    """predicted [B, 2, X, Y] in 10 m/s; target [B, 3, X, Y] m/s and whether it is known -> mean over the known cells."""
    known = target[:, 2:]
    return (F.smooth_l1_loss(predicted, target[:, :2] * 0.1, reduction="none", beta=0.2) * known).sum() / known.sum().clamp(min=20)


def flow(predicted, target):
    """predicted [B, K, 2, X, Y] in 10 m; target [B, K, 3, X, Y] m and whether it is known -> mean over the known cells."""
    known = target[:, :, 2:]
    return (F.smooth_l1_loss(predicted, target[:, :, :2] * 0.1, reduction="none", beta=0.1) * known).sum() / known.sum().clamp(min=20)


def regret(hazard_logits, steps, temperature=0.05):
    """Collisions within the last horizon if a manoeuvre were drawn by how safe it is said to be, less those of the best: hazard_logits [B, A, K], steps [B, A]."""
    survives = F.logsigmoid(-hazard_logits).sum(-1)                         # log P(no collision) [B, A]
    collides = (steps < c.K).float()
    share = torch.softmax((torch.exp(survives) - 1) / temperature, 1)
    return (share * (collides - collides.amin(1, keepdim=True))).sum(1).mean()


def hazard(logits, steps, positive=2.0):
    """logits [B, A, K]; steps [B, A] in 0..K, K = none. Steps after the collision are not asked for."""
    k = torch.arange(c.K, device=logits.device)
    asked = (k <= steps[..., None]).float()
    hit = (k == steps[..., None]).float()
    loss = F.binary_cross_entropy_with_logits(logits, hit, asked * (1 + (positive - 1) * hit), reduction="none")
    return loss.sum(-1).mean()


def scales(logits, target, bins):
    """logits [N, S, h, w]; target [N, h, w]: apparent scale 0..1 of what the pixel shows, -1 nothing, -2 not asked."""
    wanted = F.relu(1 - (target[:, None] - torch.linspace(0, 1, bins, device=logits.device)[None, :, None, None]).abs() * (bins - 1)) * (target[:, None] >= 0)
    weight = (target[:, None] > -1.5).float() * (1 + 2 * wanted)
    return F.binary_cross_entropy_with_logits(logits, wanted, weight, reduction="none").sum() / weight.sum().clamp(min=1) * 10


def tried(logits, speed, asked, speeds):
    """logits [B, T, S] over the speeds tried [S] m/s; speed [B, T] m/s, shared between the two nearest; asked [B, T] -> mean cross-entropy."""
    step = speeds[1] - speeds[0]
    wanted = F.relu(1 - (speed[..., None].clamp(speeds[0], speeds[-1]) - speeds).abs() / step)
    loss = -(wanted * F.log_softmax(logits, -1)).sum(-1)
    return (loss * asked).sum() / asked.sum().clamp(min=1)


def spread(observed):
    """Against collapse of the latent space: variance (hinge at 1) and covariance of its channels over batch and cells."""
    flat = observed.permute(0, 2, 3, 1).reshape(-1, observed.shape[1])
    flat = flat - flat.mean(0)
    variance = F.relu(1 - torch.sqrt(flat.var(0) + 1e-4)).mean()
    covariance = (flat.T @ flat) / (len(flat) - 1)
    off = covariance - torch.diag(torch.diagonal(covariance))
    return 2.0 * variance + 0.5 * (off ** 2).sum() / observed.shape[1]


def effective_rank(observed):
    """exp(entropy of the spectrum) of the channels' covariance, 1 .. D."""
    flat = observed.permute(0, 2, 3, 1).reshape(-1, observed.shape[1])
    flat = flat - flat.mean(0)
    share = torch.linalg.eigvalsh(flat.T @ flat).clamp(min=1e-9)
    share = share / share.sum()
    return torch.exp(-(share * share.log()).sum())


def descriptors(first, last):
    """Descriptors [B, E] of two ticks of one stream belong together, other streams' do not."""
    return F.cross_entropy(first @ last.T / 0.2, torch.arange(len(first), device=first.device))
