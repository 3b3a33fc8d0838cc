"""Known situations with known answers. Run: cd Training && /usr/bin/python3 -m unittest discover -s tests"""

import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from drives import labels, rig

KEEP = 1


class Scene:
    """A clip without pictures: one ego on a straight line, one box on another."""

    def __init__(self, ego_speed, box, velocity, pose=(0.0, 0.0, 0.0), box_class=0):
        ticks = np.arange(81) * 0.1
        c, s = np.cos(pose[2]), np.sin(pose[2])
        self.footprint = (4.6, 1.85, 0.95)
        self.ego = np.zeros((81, 6))
        self.ego[:, 0], self.ego[:, 1], self.ego[:, 2] = pose[0] + c * ego_speed * ticks, pose[1] + s * ego_speed * ticks, pose[2]
        self.ego[:, 3] = ego_speed
        x, y, yaw, length, width = box
        bx, by = x + velocity[0] * ticks, y + velocity[1] * ticks
        self._boxes = [np.array([[7, box_class, pose[0] + c * i - s * j, pose[1] + s * i + c * j, yaw + pose[2], length, width, 1.5]]) for i, j in zip(bx, by)]

    def boxes(self, t):
        return self._boxes[t]

    def visible(self, t):
        return np.ones(1, dtype=bool)


def first(scene, t=0):
    return labels.collision(scene, t, labels.manoeuvres(scene.ego[t]))


class Collisions(unittest.TestCase):
    def test_collision_head_on_falls_in_the_right_step(self):
        # front bumper at 3.65 m; the other's at 40 - 2.25; they close at 20 m/s: contact after 1.705 s, in the third step
        scene = Scene(10.0, (40.0, 0.0, np.pi, 4.5, 1.8), (-10.0, 0.0))
        steps = first(scene)
        self.assertEqual(steps[KEEP], 2)
        gaps = labels.clearance(scene, 0, labels.manoeuvres(scene.ego[0]))
        self.assertAlmostEqual(labels.time_to_collision(gaps)[KEEP], 1.8, places=6)

    def test_collision_in_any_frame_is_the_same(self):
        here = first(Scene(10.0, (40.0, 0.0, np.pi, 4.5, 1.8), (-10.0, 0.0)))
        there = first(Scene(10.0, (40.0, 0.0, np.pi, 4.5, 1.8), (0.0, 0.0), pose=(500.0, -300.0, 0.0)))
        turned = Scene(10.0, (30.0, 0.0, np.pi, 4.5, 1.8), (0.0, 0.0), pose=(500.0, -300.0, 2.5))
        flat = Scene(10.0, (30.0, 0.0, np.pi, 4.5, 1.8), (0.0, 0.0))
        np.testing.assert_array_equal(first(turned), first(flat))
        self.assertGreater(there[KEEP], here[KEEP])

    def test_collision_passing_in_the_next_lane_is_none(self):
        steps = first(Scene(10.0, (40.0, 3.5, np.pi, 4.5, 1.8), (-10.0, 0.0)))
        self.assertEqual(steps[KEEP], len(labels.HORIZONS_S))

    def test_collision_braking_stops_short_of_a_standing_car(self):
        steps = first(Scene(10.0, (18.0, 0.0, 0.0, 4.5, 1.8), (0.0, 0.0)))
        self.assertLess(steps[KEEP], len(labels.HORIZONS_S))
        self.assertEqual(steps[6], len(labels.HORIZONS_S))  # brake_full: 6.25 m

    def test_collision_mirrored_scene_mirrors_the_manoeuvres(self):
        left = first(Scene(12.0, (20.0, 2.4, 0.1, 4.5, 1.8), (1.0, -0.4)))
        right = first(Scene(12.0, (20.0, -2.4, -0.1, 4.5, 1.8), (1.0, 0.4)))
        mirror = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 9, 12, 11, 14, 13, 15]
        np.testing.assert_array_equal(left, right[mirror])
        self.assertNotEqual(left[9], left[10])

    def test_constant_velocity_agrees_when_velocity_is_constant(self):
        scene = Scene(10.0, (40.0, 5.0, np.pi - 0.2, 4.5, 1.8), (-9.0, -2.0))
        m = labels.manoeuvres(scene.ego[5])
        steps, closest = labels.constant_velocity_risk(scene, 5, m)
        np.testing.assert_array_equal(steps, labels.collision(scene, 5, m))
        np.testing.assert_allclose(closest, labels.closest_approach(labels.clearance(scene, 5, m)), atol=1e-6)

    def test_separation_of_facing_sides_is_their_distance(self):
        self.assertAlmostEqual(float(labels.separation(0, 0, 0, 4, 2, 10, 0, 0, 4, 2)), 6.0)
        self.assertLess(float(labels.separation(0, 0, 0, 4, 2, 3.9, 0, np.pi / 4, 4, 2)), 0.0)


class Manoeuvres(unittest.TestCase):
    def test_manoeuvres_have_the_contract_s_shape_and_limits(self):
        m = labels.manoeuvres((5.0, 0.4, -1.2))
        self.assertEqual(m.shape, (16, 5, 2))
        np.testing.assert_allclose(m[0], [[-1.2, 0.08]] * 5)
        np.testing.assert_allclose(m[9, :, 1], 0.08 + np.array([1.5, 1.5, -1.5, -1.5, 0]) / 25)
        np.testing.assert_allclose(m[15, :, 0], [-4, -4, 0, 1.5, 1.5])
        self.assertLessEqual(np.abs(labels.manoeuvres((0.5, 0.5, 0.0))[..., 1]).max(), 0.2)

    def test_roll_brakes_to_rest_and_stays(self):
        path = labels.roll((6.0, 0.0, 0.0), labels.manoeuvres((6.0, 0.0, 0.0)))
        self.assertAlmostEqual(path[4, -1, 0], 36 / 8, places=6)
        self.assertEqual(path[4, -1, 3], 0.0)

    def test_roll_keeps_to_its_circle(self):
        m = labels.manoeuvres((8.0, 0.8, 0.0))
        path = labels.roll((8.0, 0.8, 0.0), m)[KEEP]
        np.testing.assert_allclose(np.hypot(path[:, 0], path[:, 1] - 10.0), 10.0, atol=0.01)


class Raster(unittest.TestCase):
    def test_raster_rotated_box_covers_its_area(self):
        box = np.array([[1, 0, 11.0, 3.0, np.pi / 2, 12.0, 2.0, 3.0]])
        grid = labels.raster(box)
        i, j = np.nonzero(grid[0])
        self.assertEqual(set(i), {17})  # x in 10..12
        self.assertEqual((j.min(), j.max()), (14, 20))  # y from -3 to 9: half cells at both ends
        self.assertEqual(grid[1:].sum(), 0)

    def test_raster_person_always_takes_one_cell(self):
        grid = labels.raster(np.array([[1, 2, 5.0, 5.0, 0.3, 0.4, 0.5, 1.7]]))
        self.assertEqual(grid[2].sum(), 1)
        self.assertEqual(grid[2, 14, 18], 1)

    def test_raster_outside_the_grid_is_left_out(self):
        self.assertEqual(labels.raster(np.array([[1, 0, 200.0, 0, 0, 4, 2, 1.5], [2, 0, -60.0, 50, 0, 4, 2, 1.5]])).sum(), 0)

    def test_occupancy_mirrored_scene_is_mirrored(self):
        a = labels.occupancy(Scene(8.0, (15.0, 4.3, 0.6, 4.5, 1.8), (-3.0, -1.0)), 0)
        b = labels.occupancy(Scene(8.0, (15.0, -4.3, -0.6, 4.5, 1.8), (-3.0, 1.0)), 0)
        self.assertEqual(a.shape, (6, 3, 48, 32))
        np.testing.assert_array_equal(a, b[:, :, :, ::-1])
        self.assertTrue((a[:, 0].sum(axis=(1, 2)) > 0).all())


class Rig(unittest.TestCase):
    def test_nominal_front_camera_has_the_contract_s_rotation(self):
        intrinsics, poses = rig.nominal()
        w, x, y, z = 0.5, -0.5, 0.5, -0.5
        rotation = np.array([[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                             [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                             [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]])
        np.testing.assert_allclose(poses[0, :3, :3], rotation, atol=1e-9)
        np.testing.assert_allclose(poses[1, :3, 2], [0.5, np.sqrt(0.75), 0], atol=1e-9)
        np.testing.assert_allclose(rig.model_intrinsics(intrinsics)[0, :2, 2], [63.75, 31.75])


if __name__ == "__main__":
    unittest.main()
