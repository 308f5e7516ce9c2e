-- yunwei script: sql-rights/1
-- What yunwei needs on a SQL Server instance: its login, that login's rights, and a small database of its own.
-- Run it once as a sysadmin, and again after an upgrade: what is there stays as it is. sqlcmd takes the password from
-- the environment, so that it is in no command line:
--     OPS_PASSWORD=… sqlcmd -S server -E -b -i sql_rights.sql
-- Then run sql_rights_data_center.sql once for each data center.

USE [master];
GO
IF SUSER_ID(N'yunwei_ops') IS NULL
    CREATE LOGIN [yunwei_ops] WITH PASSWORD = N'$(OPS_PASSWORD)', CHECK_POLICY = ON, CHECK_EXPIRATION = OFF,
        DEFAULT_DATABASE = [master];
GO
-- dbcreator: RESTORE, and ALTER DATABASE for one user at a time and for names. It opens no door into a database.
ALTER SERVER ROLE [dbcreator] ADD MEMBER [yunwei_ops];
-- To see who is in a database, how far a backup is, and how much room a volume has.
GRANT VIEW SERVER STATE TO [yunwei_ops];
-- To end a session that a cancelled job left behind (KILL).
GRANT ALTER ANY CONNECTION TO [yunwei_ops];
GO
-- The history of backups and restores is the proof of their outcome.
USE [msdb];
GO
IF USER_ID(N'yunwei_ops') IS NULL
    CREATE USER [yunwei_ops] FOR LOGIN [yunwei_ops];
ALTER ROLE [db_datareader] ADD MEMBER [yunwei_ops];
GO
USE [master];
GO
IF DB_ID(N'yunwei') IS NULL
    CREATE DATABASE [yunwei];
GO
ALTER DATABASE [yunwei] SET RECOVERY SIMPLE;
ALTER AUTHORIZATION ON DATABASE::[yunwei] TO [yunwei_ops];
GO
USE [yunwei];
GO
-- One row for each attempt at a step that must not happen twice: written before it, closed after it.
IF OBJECT_ID(N'dbo.attempt', N'U') IS NULL
    CREATE TABLE dbo.attempt (
        token nvarchar(200) NOT NULL CONSTRAINT pk_attempt PRIMARY KEY,
        job bigint NOT NULL,
        epoch int NOT NULL,
        phase varchar(10) NOT NULL CONSTRAINT ck_attempt_phase CHECK (phase IN ('begun', 'ended', 'void')),
        begun_at datetime2 NOT NULL,
        ended_at datetime2 NULL,
        facts nvarchar(max) NULL
    );
GO
