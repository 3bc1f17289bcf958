"""CRC-32C as TensorFlow checks tensors and index blocks with, fast enough in NumPy for a whole checkpoint.

A CRC is linear: the bytes are cut into lanes of equal length, all lanes advance together through the byte table, and
neighbouring lanes are joined pairwise ("append n zero bytes" is one 32x32 bit matrix, squared at each level).
"""

from __future__ import annotations

from typing import Any, List

import numpy as np

_POLYNOMIAL = 0x82F63B78  # Castagnoli, reflected
_MASK_DELTA = 0xA282EAD8  # LevelDB's masking, so that a CRC stored inside CRC-ed data does no harm


def _byte_table() -> np.ndarray:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


_TABLE = _byte_table()
_LANES = 1 << 14


def _apply(matrix: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Bit matrix (uint32 [32], one column per input bit) times each of the uint32 vectors."""
    out = np.zeros_like(vectors)
    for bit in range(32):
        out ^= np.where((vectors >> np.uint32(bit)) & np.uint32(1), matrix[bit], np.uint32(0)).astype(np.uint32)
    return out


def _zeros_matrix(n_bytes: int) -> np.ndarray:
    """Matrix of "n_bytes zero bytes follow" on a raw CRC register."""
    one = np.array([1 << bit for bit in range(32)], dtype=np.uint32)
    step = (_TABLE[one & np.uint32(0xFF)] ^ (one >> np.uint32(8))).astype(np.uint32)
    result = one
    while n_bytes:
        if n_bytes & 1:
            result = _apply(step, result)
        step = _apply(step, step)
        n_bytes >>= 1
    return result


def crc32c(data: Any) -> int:
    """CRC-32C of bytes.

    Args:
        data: bytes-like.

    Returns:
        int in 0..2**32-1.
    """
    content = np.frombuffer(data, np.uint8)
    length = len(content) // _LANES
    register = np.uint32(0xFFFFFFFF)
    tail_from = 0
    if length >= 16:
        lanes = content[: length * _LANES].reshape(_LANES, length)
        state = np.zeros(_LANES, np.uint32)
        state[0] = register
        for column in range(length):
            state = _TABLE[(state ^ lanes[:, column]) & np.uint32(0xFF)] ^ (state >> np.uint32(8))
        matrix = _zeros_matrix(length)
        while len(state) > 1:
            state = _apply(matrix, state[0::2]) ^ state[1::2]
            matrix = _apply(matrix, matrix)
        register = state[0]
        tail_from = length * _LANES
    value = int(register)
    table: List[int] = _TABLE.tolist()
    for byte in content[tail_from:].tolist():
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def unmask(masked: int) -> int:
    """The CRC that LevelDB's format stores masked."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return ((rotated >> 17) | (rotated << 15)) & 0xFFFFFFFF
