-- Run once by PostgreSQL's image, when its volume is empty: each of the two gets a role and a database of its own.
\getenv optophone_password OPTOPHONE_DATABASE_PASSWORD
\getenv mlflow_password MLFLOW_DATABASE_PASSWORD
CREATE ROLE optophone LOGIN PASSWORD :'optophone_password';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE DATABASE optophone OWNER optophone;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE optophone, mlflow, postgres FROM PUBLIC;
