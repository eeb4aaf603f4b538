"""What Parquet, ORC and the table formats share: files and rows by way of Arrow."""
