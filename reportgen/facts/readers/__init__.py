"""Readers of facts, one a file: containers (CSV, JSON, Parquet, Excel, the hub) give raw rows, layouts make records of them."""
