"""Who drives on a motorway, who brakes or stops for no reason, where it is slow, and who stands on the hard shoulder."""

import numpy as np

from . import motorways, traffic
from .clips import TICK_S

SHARES = {"hatch": 0.27, "saloon": 0.25, "suv": 0.2, "van": 0.1, "lorry": 0.16, "bus": 0.02}
LONGEST_M = 14.0  # the rasters of the labels hold no longer box
POLITE = 1621  # SUMO's usual lane change mode
PUSHING = 256  # changes as told, where that does not hit somebody at once


class Conduct:
    """What happens on the road beyond SUMO's own drivers; step() is called before every step of the simulation."""

    def __init__(self, town, rng):
        self.rng, self.motorway = rng, town.motorway
        self.main = [name for side in motorways.edges_of(town.motorway) for name in side]
        # vehicles a kilometre and lane; a fifth of the runs is congested
        state = rng.choice(["empty", "light", "ordinary", "busy", "congested"], p=[0.12, 0.24, 0.28, 0.18, 0.18])
        self.density = {"empty": rng.uniform(1.2, 3), "light": rng.uniform(3, 7), "ordinary": rng.uniform(7, 12), "busy": rng.uniform(11, 15), "congested": rng.uniform(11, 18)}[state]
        self.slow = {}  # edge: speed
        if state == "congested":
            for side in motorways.edges_of(town.motorway):
                for edge in rng.choice(side, 3, replace=False):
                    self.slow[str(edge)] = float(rng.uniform(3, 10))
        elif rng.random() < 0.3:  # a place where it is slow, and a queue before it
            self.slow[str(rng.choice(self.main))] = float(rng.uniform(5, 16))
        self.pause_s = float(rng.uniform(0.7, 3.5))  # mean between two incidents on the whole motorway
        self.due = 10.0
        self.until = {}  # vehicle: when it drives on

    def step(self, sumo, now):
        if now < TICK_S / 2:
            for edge, speed in self.slow.items():
                sumo.edge.setMaxSpeed(edge, speed)
        for who in [w for w, until in self.until.items() if until <= now]:
            del self.until[who]
            if who in sumo.vehicle.getIDList():
                sumo.vehicle.setSpeed(who, -1)
                sumo.vehicle.setDecel(who, 4.5)
                sumo.vehicle.setLaneChangeMode(who, POLITE)
        while now >= self.due:
            self.due += float(self.rng.exponential(self.pause_s))
            free = sorted(w for w in sumo.vehicle.getIDList() if w not in self.until and sumo.vehicle.getRoadID(w) in self.main and sumo.vehicle.getSpeed(w) > 8)
            if free:
                self._incident(sumo, free[self.rng.integers(len(free))], now)

    def _incident(self, sumo, who, now):
        rng, speed = self.rng, sumo.vehicle.getSpeed(who)
        what = rng.choice(["brake", "stop", "crawl", "cut in"], p=[0.36, 0.22, 0.14, 0.28])
        if what == "cut in":
            edge = sumo.vehicle.getRoadID(who)
            lane, lanes = sumo.vehicle.getLaneIndex(who), sumo.edge.getLaneNumber(edge)
            if lanes > self.motorway.lanes or sumo.vehicle.getLanePosition(who) > sumo.lane.getLength(f"{edge}_{lane}") - 200:
                return  # not where lanes begin or end
            to = lane + (1 if lane == 0 or (lane < lanes - 1 and rng.random() < 0.5) else -1)
            sumo.vehicle.setLaneChangeMode(who, PUSHING)
            sumo.vehicle.changeLane(who, int(to), 1.0)
            self.until[who] = now + 2.0
            return
        target = {"brake": speed * rng.uniform(0.15, 0.6), "stop": 0.0, "crawl": rng.uniform(3, 9)}[what]
        decel = rng.uniform(3.0, 7.5)
        hold = {"brake": rng.uniform(0.5, 4), "stop": rng.uniform(3, 14), "crawl": rng.uniform(5, 20)}[what]
        sumo.vehicle.setDecel(who, float(decel))
        sumo.vehicle.setSpeed(who, float(target))
        self.until[who] = now + (speed - target) / decel + float(hold)


def demand(town, rng, conduct, path):
    """Writes vehicle types and routes; returns {vehicle id: (kind, size, careless)}."""
    motorway = town.motorway
    careless_share = rng.uniform(0.08, 0.25)
    users, lines = {}, []

    def add(at, route, where):
        who = f"v{len(users)}"
        kind = str(rng.choice(list(SHARES), p=np.array(list(SHARES.values())) / sum(SHARES.values())))
        size = np.array(traffic.DIMENSIONS[kind]) * rng.uniform([0.93, 0.97, 0.96], [1.07, 1.03, 1.06])
        if kind == "lorry":
            size = np.minimum(size * rng.uniform([0.9, 1.0, 0.95], [1.6, 1.03, 1.15]), [LONGEST_M, 9, 9])
        careless, large = rng.random() < careless_share, kind in ("lorry", "bus")
        users[who] = (traffic.KINDS.index(kind), size, careless)
        fast = np.clip(rng.normal(1.0, 0.1), 0.72, 1.3)
        manner = f'minGap="2.5" tau="{rng.uniform(0.9, 1.6):.2f}" sigma="0.3" lcKeepRight="{rng.uniform(0.2, 1.5):.1f}" lcSpeedGain="{rng.uniform(0.7, 2):.1f}"'
        if careless:
            fast *= rng.uniform(1.0, 1.25)
            manner = f'minGap="1.5" tau="{rng.uniform(0.5, 0.8):.2f}" sigma="0.5" lcKeepRight="0.2" lcSpeedGain="{rng.uniform(2, 5):.1f}" lcAssertive="{rng.uniform(1.5, 4):.1f}"'
            if rng.random() < 0.4:
                manner += f' actionStepLength="{rng.uniform(0.6, 1.4):.1f}"'
        limit = rng.uniform(22.0, 25.0) if large else rng.uniform(8, 18) if rng.random() < 0.035 else 40.0
        accel = rng.uniform(0.5, 0.9) if large else rng.uniform(1.2, 2.4)
        lines.append((at, f'<vType id="{who}" vClass="passenger" length="{size[0]:.2f}" width="{size[1]:.2f}" maxSpeed="{limit:.1f}" accel="{accel:.2f}" decel="4.5" emergencyDecel="8" '
                          f'speedFactor="{fast:.2f}" speedDev="0" {manner}/>\n<vehicle id="{who}" type="{who}" depart="{at:.1f}" {where}><route edges="{" ".join(route)}"/></vehicle>'))

    for side, way, edges in zip("ab", motorway.carriageways, motorways.edges_of(motorway)):
        ends = way.nodes[1:] + [way.nodes[0] + way.length]
        lengths = np.subtract(ends, way.nodes)
        for at in np.sort(rng.uniform(0, traffic.WARM_UP_S * 0.6, int(way.length / 1000 * motorway.lanes * conduct.density))):
            first = int(rng.choice(len(edges), p=lengths / lengths.sum()))
            route = edges[first:] + edges * 3
            if rng.random() < 0.2:  # leaves at the first or second chance
                route = edges[first:] + edges * int(rng.integers(0, 2)) + [edges[0], f"{side}off"]
            add(at, route, 'departLane="best" departSpeed="max" departPos="random_free"')
        at = float(rng.uniform(0, 10))
        while at < traffic.WARM_UP_S + traffic.RUN_S - 20:
            add(at, [f"{side}on"] + edges[2:] + edges * 3, 'departLane="free" departSpeed="max" departPos="base"')
            at += float(rng.exponential(60 / max(conduct.density, 2)) + 2)
    lines.sort(key=lambda x: x[0])
    path.write_text("<routes>\n" + "\n".join(text for _, text in lines) + "\n</routes>\n")
    return users


def with_gradual_lane_changes(track, across, rng):
    """A track (tick, x, y, SUMO's angle) whose sideways jumps are spread over some seconds of driving; across [n, 2]: a unit vector across the road
    at each point (SUMO's angle is none: where lanes join it turns with the jump). SUMO 1.15's own gradual changes end in a failed
    assertion where lanes end, and turn the bodies abruptly."""
    move = np.diff(track[:, 1:3], axis=0)
    aside = (move * across[:-1]).sum(axis=1)
    ahead = np.abs(move[:, 0] * across[:-1, 1] - move[:, 1] * across[:-1, 0])
    driven, back = np.concatenate([[0], np.cumsum(ahead)]), np.zeros(len(track))
    for j in np.nonzero((np.abs(aside) > 2.5) & (np.abs(aside) < 5.0) & (ahead < 5.0))[0]:
        speed = np.hypot(*move[max(j - 1, 0)]) / TICK_S
        lead, length = rng.uniform(0.6, 1.4) * speed, max(rng.uniform(2.6, 4.8) * speed, 22.0)  # metres: nobody slides sideways at rest
        f = np.clip((driven - driven[j] + lead) / length, 0, 1)
        eased = f ** 3 * (10 - 15 * f + 6 * f * f)
        back += aside[j] * (eased - (np.arange(len(track)) > j))
    out = track.copy()
    out[:, 1:3] += across * back[:, None]
    return out


def broken_down(town, run, rng):
    """Vehicles that stand on the hard shoulder, clear of every moving body: (kinds, sizes, poses)."""
    kinds, sizes, poses = [], [], []
    ticks = run.pose.shape[1]
    for way in town.motorway.carriageways:
        for _ in range(int(rng.integers(0, 8))):
            s = float(rng.uniform(0, way.length))
            if way.beside_ramp(s - 30) or way.beside_ramp(s + 30):
                continue
            kind = str(rng.choice(["hatch", "saloon", "suv", "van", "lorry"], p=[0.25, 0.25, 0.15, 0.15, 0.2]))
            size = np.array(traffic.DIMENSIONS[kind]) * rng.uniform([0.93, 0.97, 0.96], [1.07, 1.03, 1.06])
            x, y = way.at(s, town.motorway.outer + 0.25 + size[1] / 2 + rng.uniform(0, max(town.motorway.shoulder - size[1] - 0.2, 0.05)))
            yaw = way.heading(s) + rng.normal(0, 0.02)
            if traffic.clear_of(run, x, y, yaw, size[0], size[1], 0.3):
                kinds.append(traffic.KINDS.index(kind)), sizes.append(size), poses.append(np.broadcast_to([x, y, yaw], (ticks, 3)))
    return np.array(kinds, dtype=int), np.array(sizes).reshape(-1, 3), np.array(poses).reshape(-1, ticks, 3)
