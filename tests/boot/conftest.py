"""The emulated Raspberry Pi takes ten minutes and more: it is started by `make test-boot`, and by nothing else."""

from __future__ import annotations

import os

collect_ignore = [] if os.environ.get("SMARTLOG_TEST_BOOT") else ["test_boot.py"]
