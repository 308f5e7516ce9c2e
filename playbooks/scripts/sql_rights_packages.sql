-- yunwei script: sql-rights-packages/1
-- What SqlPackage needs to export and import packages (.bacpac, .dacpac). It runs on the host of the SQL Server under the
-- Windows account with which yunwei signs in there over WinRM, and comes in as that account: there is no password.
-- Only needed for these two operations. Run it once as a sysadmin, after sql_rights.sql:
--     PACKAGE_LOGIN='ACME\yunwei' sqlcmd -S server -E -b -i sql_rights_packages.sql

USE [master];
GO
IF SUSER_ID(N'$(PACKAGE_LOGIN)') IS NULL
    CREATE LOGIN [$(PACKAGE_LOGIN)] FROM WINDOWS WITH DEFAULT_DATABASE = [master];
GO
-- To make the database that a package is imported into.
ALTER SERVER ROLE [dbcreator] ADD MEMBER [$(PACKAGE_LOGIN)];
-- To read any database whole. A user in each database would do as well, but then every package would hold a Windows
-- user, which no .bacpac may.
GRANT CONNECT ANY DATABASE TO [$(PACKAGE_LOGIN)];
GRANT SELECT ALL USER SECURABLES TO [$(PACKAGE_LOGIN)];
GRANT VIEW ANY DEFINITION TO [$(PACKAGE_LOGIN)];
GRANT ALTER ANY LOGIN TO [$(PACKAGE_LOGIN)];
-- To give an imported database to its owner.
GRANT IMPERSONATE ON LOGIN::[yunwei_ops] TO [$(PACKAGE_LOGIN)];
GO
