-- yunwei script: sql-rights-data-center/1
-- One data center: yunwei_ops becomes the owner of its database, and tenants' scripts get a login that can reach this
-- database and no other. Run it as a sysadmin after sql_rights.sql; again after a restore from elsewhere:
--     DATABASE=AIS20260101000000 SCRIPT_LOGIN=yunwei_ledger1 SCRIPT_PASSWORD=… \
--     sqlcmd -S server -E -b -i sql_rights_data_center.sql

USE [master];
GO
IF SUSER_ID(N'$(SCRIPT_LOGIN)') IS NULL
    CREATE LOGIN [$(SCRIPT_LOGIN)] WITH PASSWORD = N'$(SCRIPT_PASSWORD)', CHECK_POLICY = ON, CHECK_EXPIRATION = OFF,
        DEFAULT_DATABASE = [$(DATABASE)];
GO
-- So that it sees this login after a restore from elsewhere, and can tie its user to it. An ERP's own login needs the same.
GRANT VIEW DEFINITION ON LOGIN::[$(SCRIPT_LOGIN)] TO [yunwei_ops];
GO
-- An owner with few rights on the server; what the database holds can then not reach beyond it.
ALTER AUTHORIZATION ON DATABASE::[$(DATABASE)] TO [yunwei_ops];
GO
USE [$(DATABASE)];
GO
IF USER_ID(N'$(SCRIPT_LOGIN)') IS NULL
    CREATE USER [$(SCRIPT_LOGIN)] FOR LOGIN [$(SCRIPT_LOGIN)];
ELSE
    ALTER USER [$(SCRIPT_LOGIN)] WITH LOGIN = [$(SCRIPT_LOGIN)];
ALTER ROLE [db_datareader] ADD MEMBER [$(SCRIPT_LOGIN)];
ALTER ROLE [db_datawriter] ADD MEMBER [$(SCRIPT_LOGIN)];
ALTER ROLE [db_ddladmin] ADD MEMBER [$(SCRIPT_LOGIN)];
GRANT EXECUTE TO [$(SCRIPT_LOGIN)];
GO
