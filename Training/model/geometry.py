"""Cameras, grid and motion: the lift of pictures to the bird's-eye map, the warp of the map, the rollout of manoeuvres."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from . import contract as c


def cell_centres():
    """-> [X, Y, 2] metres in the ego frame."""
    x = c.GRID_ORIGIN_M[0] + (np.arange(c.GRID_SIZE[0]) + 0.5) * c.GRID_RESOLUTION_M
    y = c.GRID_ORIGIN_M[1] + (np.arange(c.GRID_SIZE[1]) + 0.5) * c.GRID_RESOLUTION_M
    return np.stack(np.meshgrid(x, y, indexing="ij"), -1).astype(np.float32)


def project(points, intrinsics, vehicle_from_camera):
    """points [..., P, 3], intrinsics [..., 4] (fx fy cx cy), vehicleFromCamera [..., 4, 4] -> u, v [..., P] px and depth [..., P] m."""
    rotation, translation = vehicle_from_camera[..., :3, :3], vehicle_from_camera[..., :3, 3]
    in_camera = (points - translation[..., None, :]) @ rotation  # R^T (p - t), rows
    depth = in_camera[..., 2]
    safe = torch.clamp(depth, min=c.LEAST_DEPTH_M)
    fx, fy, cx, cy = (intrinsics[..., n, None] for n in range(4))
    return fx * in_camera[..., 0] / safe + cx, fy * in_camera[..., 1] / safe + cy, depth


def lift(intrinsics, vehicle_from_camera):
    """intrinsics [..., 4] of the MODEL picture, vehicleFromCamera [..., 4, 4] -> lift [..., Z, X, Y, 2], lift_valid [..., Z, X, Y]."""
    centres = torch.from_numpy(cell_centres()).to(intrinsics.device)
    heights = torch.tensor(c.LIFT_HEIGHTS_M, device=intrinsics.device)
    flat = centres.reshape(1, -1, 2).expand(len(heights), -1, -1)
    points = torch.cat([flat, heights[:, None, None].expand(-1, flat.shape[1], 1)], -1).reshape(-1, 3)  # [Z*X*Y, 3]
    u, v, depth = project(points, intrinsics, vehicle_from_camera)
    gx = (u + 0.5) / c.PICTURE_WIDTH_PX * 2 - 1
    gy = (v + 0.5) / c.PICTURE_HEIGHT_PX * 2 - 1
    in_front = depth > c.LEAST_DEPTH_M
    valid = in_front & (gx.abs() <= 1) & (gy.abs() <= 1)
    outside = torch.full_like(gx, -2.0)
    grid = torch.stack([torch.where(in_front, gx, outside), torch.where(in_front, gy, outside)], -1)
    shape = grid.shape[:-2] + (len(heights),) + c.GRID_SIZE
    return grid.clamp(-50, 50).reshape(shape + (2,)), valid.float().reshape(shape)


def warp_grid(centres, dx, dy, dyaw):
    """Where each cell of the map NOW lay in the map BEFORE. centres [X, Y, 2]; dx, dy, dyaw [B] = pose of now in the frame before.
    -> grid_sample coordinates [B, X, Y, 2]: the last axis is (Y axis, X axis) of the map."""
    cos, sin = torch.cos(dyaw)[:, None, None], torch.sin(dyaw)[:, None, None]
    x, y = centres[None, :, :, 0], centres[None, :, :, 1]
    return map_coordinates(cos * x - sin * y + dx[:, None, None], sin * x + cos * y + dy[:, None, None])


def map_coordinates(x, y):
    """Metres in the map's frame -> grid_sample coordinates [..., 2] (align_corners=False)."""
    across = (y - c.GRID_ORIGIN_M[1]) * (2 / (c.GRID_RESOLUTION_M * c.GRID_SIZE[1])) - 1
    along = (x - c.GRID_ORIGIN_M[0]) * (2 / (c.GRID_RESOLUTION_M * c.GRID_SIZE[0])) - 1
    return torch.stack([across, along], -1)


def near_coordinates(x, y):
    """The same for the near map (contract.NEAR_CELLS)."""
    (x0, x1), (y0, y1) = c.NEAR_CELLS
    r = c.GRID_RESOLUTION_M
    across = (y - c.GRID_ORIGIN_M[1] - y0 * r) * (2 / (r * (y1 - y0))) - 1
    along = (x - c.GRID_ORIGIN_M[0] - x0 * r) * (2 / (r * (x1 - x0))) - 1
    return torch.stack([across, along], -1)


def sample(maps, grid):
    return F.grid_sample(maps, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


SUB_STEPS = 4


def rollout(speed, manoeuvres):
    """Bicycle rollout. speed [B, 1], manoeuvres [B, A, K, 2] -> x, y, yaw, v, each a list of K*SUB_STEPS of [B, A] (rear axle, ego frame
    of now), the end of each sub-step. Speed is never below 0."""
    v = speed + torch.zeros_like(manoeuvres[:, :, 0, 0])
    x = y = yaw = torch.zeros_like(v)
    xs, ys, yaws, vs = [], [], [], []
    for k in range(c.K):
        dt = c.STEP_S[k] / SUB_STEPS
        acceleration, curvature = manoeuvres[:, :, k, 0], manoeuvres[:, :, k, 1]
        for _ in range(SUB_STEPS):
            v_next = torch.relu(v + acceleration * dt)
            ds = (v + v_next) * (0.5 * dt)
            middle = yaw + curvature * ds * 0.5
            x, y, yaw, v = x + ds * torch.cos(middle), y + ds * torch.sin(middle), yaw + curvature * ds, v_next
            xs.append(x), ys.append(y), yaws.append(yaw), vs.append(v)
    return xs, ys, yaws, vs


def relative_pose(before, now):
    """World poses [..., 3] (x, y, yaw) -> pose of `now` in the frame of `before`, [..., 3]."""
    dx, dy = now[..., 0] - before[..., 0], now[..., 1] - before[..., 1]
    cos, sin = np.cos(before[..., 2]), np.sin(before[..., 2])
    dyaw = (now[..., 2] - before[..., 2] + math.pi) % (2 * math.pi) - math.pi
    return np.stack([cos * dx + sin * dy, -sin * dx + cos * dy, dyaw], -1).astype(np.float32)
