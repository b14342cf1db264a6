package warehouse

// This module asks nobody: order processing moves stock inside its own transactions.
